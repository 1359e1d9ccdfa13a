"""Silences: while one that fits is open, a case's escalation steps wait; nothing is skipped. Matcher, owner, expiry.

A matcher's lists must all fit; an empty list fits all, but a matcher that says nothing at all is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.errors import InputError, NotFoundError
from leitstand.model import CaseSnapshot

LONGEST = timedelta(days=30)

_ADD = text("""
    INSERT INTO silences (matcher, owner, reason, starts_at, ends_at)
    VALUES (CAST(:matcher AS jsonb), :owner, :reason, :starts_at, :ends_at) RETURNING *
""")
_OPEN = text("SELECT * FROM silences WHERE ends_at > :now ORDER BY id")
_END = text("UPDATE silences SET ends_at = :now, ended_by = :actor WHERE id = :id AND ends_at > :now RETURNING *")
_REOPEN = text("UPDATE silences SET ends_at = :until, ended_by = '' WHERE id = :id AND ended_by <> '' RETURNING *")
_WAKE = text("UPDATE escalation_runs SET next_at = :now WHERE state = 'running' AND waits = :waits")


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which cases and policies are meant."""

    severities: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    watchlists: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()

    def fits(self, case: CaseSnapshot, policy: str) -> bool:
        """Whether a policy's steps for a case are meant."""
        return (
            (not self.severities or case.severity.value in self.severities)
            and (not self.teams or case.team in self.teams)
            and (not self.watchlists or bool(set(self.watchlists) & set(case.watchlists)))
            and (not self.channels or case.channel in self.channels)
            and (not self.policies or policy in self.policies)
            and (not self.cases or case.number in self.cases)
        )

    @property
    def words(self) -> str:
        """What it says, for people."""
        said = ((f.name, getattr(self, f.name)) for f in fields(self))
        return "; ".join(f"{name}: {', '.join(map(str, values))}" for name, values in said if values)


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. `ended_by` is who ended it before its time, "" if nobody did."""

    id: int
    matcher: Matcher
    owner: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    ended_by: str = ""

    def covers(self, case: CaseSnapshot, policy: str, now: datetime) -> bool:
        """Whether it keeps a policy quiet about a case now."""
        return self.starts_at <= now < self.ends_at and self.matcher.fits(case, policy)


def longest(silences: Iterable[Silence], case: CaseSnapshot, policy: str, now: datetime) -> Silence | None:
    """Of the silences that cover it, the one that ends last."""
    return max((s for s in silences if s.covers(case, policy, now)), key=lambda s: s.ends_at, default=None)


def add(
    connection: Connection,
    matcher: Matcher,
    *,
    owner: str,
    reason: str,
    now: datetime,
    lasts: timedelta,
    starts_at: datetime | None = None,
) -> Silence:
    """Keep quiet from now (or from then) on, for so long. Raises InputError."""
    if matcher == Matcher():
        raise InputError("say what is to be silenced: a silence of everything is refused", "matcher")
    if not owner.strip() or not reason.strip():
        raise InputError("a silence needs its owner and a reason", "owner" if not owner.strip() else "reason")
    if not timedelta(0) < lasts <= LONGEST:
        raise InputError(f"must last longer than nothing, and at most {LONGEST.days} days", "lasts")
    begins = starts_at or now
    return _silence(
        connection.execute(
            _ADD,
            {
                "matcher": msgspec.json.encode(matcher).decode(), "owner": owner.strip(), "reason": reason.strip(),
                "starts_at": begins, "ends_at": begins + lasts,
            },
        ).one()
    )  # fmt: skip


def listed(connection: Connection, now: datetime) -> list[Silence]:
    """Those that are open or will be."""
    return [_silence(row) for row in connection.execute(_OPEN, {"now": now})]


def end(connection: Connection, number: int, *, actor: str, now: datetime) -> Silence:
    """End it now: what waits for it is told at once. Raises NotFoundError."""
    row = connection.execute(_END, {"id": number, "now": now, "actor": actor}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no open silence {number}")
    silence = _silence(row)
    connection.execute(_WAKE, {"now": now, "waits": waits_for(silence)})
    return silence


def reopen(connection: Connection, number: int, *, until: datetime, now: datetime) -> Silence:
    """Undo the end of a silence: it holds until then again. Raises NotFoundError or InputError."""
    if not now < until <= now + LONGEST:
        raise InputError(f"must be a time to come, at most {LONGEST.days} days ahead", "until")
    row = connection.execute(_REOPEN, {"id": number, "until": until}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no silence {number} that somebody has ended")
    return _silence(row)


def waits_for(silence: Silence) -> str:
    """How a run says that it waits for this one."""
    return f"silence {silence.id}"


def _silence(row: Row[tuple[object, ...]]) -> Silence:
    matcher = msgspec.convert(row.matcher, Matcher)
    return Silence(row.id, matcher, row.owner, row.reason, row.starts_at, row.ends_at, row.ended_by)
