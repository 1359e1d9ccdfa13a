"""Two cases that are one: the posts, the keys, the worse severity and the escalations as projects go over, as does the
lead of an incident, and the other case is closed.

A person does it where a copy was missed; it is done by itself where a post shows that two cases are about one story.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseReason, CaseState, Notice, NoticeType
from triage import clocks, keys, records, sla
from triage.in_hand import Act, Acted, write
from triage.policy import Policy
from triage.projects import store as projects
from triage.records import LIVE
from triage.runs import stopping
from triage.stories import store as stories
from triage.timeline import SYSTEM, because
from triage.worsening import worsen

_MOVE = text("UPDATE case_mentions SET case_number = :into WHERE case_number = :number")


def merge(
    connection: Connection, number: int, other: int, *, actor: str, now: datetime, policy: Policy, text: str = ""
) -> Acted:
    """Take another open case into this one. Raises NotFoundError, StateError or InputError; then nothing is changed."""
    if number == other:
        raise InputError("a case cannot be merged into itself", "value")
    found = records.lock(connection, [number, other])
    for wanted in (number, other):
        if wanted not in found:
            raise NotFoundError(f"there is no case {wanted}")
        if found[wanted].state not in LIVE:
            raise StateError(f"case {wanted} is {found[wanted].state}; only open cases are merged")
    stories.join(connection, number, other)
    return _merge(connection, found[number], found[other], actor, now, policy, text.strip())


def absorb(
    connection: Connection, absorbed: Sequence[tuple[int, int]], policy: Policy, now: datetime
) -> tuple[Notice, ...]:
    """Merge cases that are about one story; the transaction holds their locks. Returns whom to tell."""
    notices: list[Notice] = []
    for other, number in absorbed:
        found = records.lock(connection, [number, other])
        both = [found[n] for n in (number, other) if n in found and found[n].state in LIVE]
        if len(both) == 2:
            notices += _merge(connection, both[0], both[1], SYSTEM, now, policy, "they tell one story").notices
    return tuple(notices)


def _merge(
    connection: Connection,
    into: records.CaseRecord,
    other: records.CaseRecord,
    actor: str,
    now: datetime,
    policy: Policy,
    why: str,
) -> Acted:
    stored = clocks.read(connection, [into.number, other.number])
    left = Act(connection, policy, now, actor, "", "", other, other, dict(stored[other.number]))
    connection.execute(_MOVE, {"into": into.number, "number": other.number})
    keys.move(connection, other.number, into.number)
    stopping.move(connection, other.number, into.number)
    projects.move(connection, other.number, into.number, actor, now)
    _leave(left, into.number, why)
    a = Act(connection, policy, now, actor, "", "", into, into, dict(stored[into.number]))
    _receive(a, other, why)
    closed = write(left, stored[other.number])
    taken = write(a, stored[into.number])
    return replace(taken, notices=(*closed.notices, *taken.notices))


def _leave(a: Act, into: int, why: str) -> None:
    """The case that is no more: its clocks and escalations end."""
    a.clocks = {name: sla.cancel(clock, a.now) for name, clock in a.clocks.items()}
    a.set(
        state=CaseState.CLOSED, closed_at=a.now, resolved_at=a.case.resolved_at or a.now, merged_into=into,
        mention_count=0, waits_for="", review="",
    )  # fmt: skip
    said = f"merged into case {into} by {a.actor}{because(why)}"
    a.note("merged_into", said, into=str(into))
    a.lines += stopping.stop(a.connection, a.case.number, "resolved", a.now)
    a.tell.append((NoticeType.CASE_CLOSED, "merged", said, ()))


def _receive(a: Act, other: records.CaseRecord, why: str) -> None:
    """The case that stays: it is as severe as the worse of the two."""
    said = f"case {other.number} was merged into this one by {a.actor}{because(why)}"
    brought = tuple(tag for tag in other.tags if tag not in a.case.tags)
    a.set(
        mention_count=a.case.mention_count + other.mention_count,
        watchlists=tuple(dict.fromkeys((*a.case.watchlists, *other.watchlists))),
        intents=tuple(dict.fromkeys((*a.case.intents, *other.intents))),
        urgency=max(a.case.urgency, other.urgency),
        tags=(*a.case.tags, *brought),
        reasons=(*a.case.reasons, CaseReason("grouping", said)),
    )
    a.note("merged", said, other=str(other.number), posts=str(other.mention_count), tags=",".join(brought))
    if other.severity < a.case.severity:
        _worse(a, other)
    a.tell.append((NoticeType.CASE_UPDATED, f"merged:{other.number}", said, ()))


def _worse(a: Act, other: records.CaseRecord) -> None:
    before, severity = a.case.severity, other.severity
    said = f"severity raised from {before} to {severity} (case {other.number} was {severity})"
    a.note("severity", said, before=before, after=severity)
    worsen(a, severity, said)
    a.start = "" if a.case.review else severity
