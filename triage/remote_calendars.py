"""Calendars of rotas that live on the net: the last good copy of each, and when it is to be looked at again.

The workers fetch, one of them each calendar at a time; what cannot be read never takes the place of what can.
Addresses are kept as digests only: they often are keys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, text

from leitstand.settings import Rota
from triage import ical
from triage.hours import time_zone
from triage.rota import Turns, source_of

# Whoever has claimed a fetch and dies is followed by another after so long.
_CLAIMED = timedelta(minutes=2)
_EVERY, _LONGEST = timedelta(minutes=15), timedelta(hours=6)

_CLAIM = text("""
    INSERT INTO remote_calendars AS c (rota, source, next_at) VALUES (:rota, :source, :later)
    ON CONFLICT (rota) DO UPDATE SET next_at = :later, source = :source,
      body = CASE WHEN c.source = :source THEN c.body ELSE '' END,
      etag = CASE WHEN c.source = :source THEN c.etag ELSE '' END,
      last_modified = CASE WHEN c.source = :source THEN c.last_modified ELSE '' END,
      failures = CASE WHEN c.source = :source THEN c.failures ELSE 0 END
      WHERE c.next_at <= :now OR c.source <> :source
    RETURNING etag, last_modified
""")
_KEEP = text("""
    UPDATE remote_calendars SET body = coalesce(:body, body), etag = :etag, last_modified = :last_modified,
      fetched_at = :now, next_at = :next, failures = 0, error = '' WHERE rota = :rota AND source = :source
""")
_FAIL = text("""
    UPDATE remote_calendars SET failures = failures + 1, error = :error,
      next_at = :now + greatest(:asked, least(:longest, :every * power(2, least(failures, 10))))
    WHERE rota = :rota AND source = :source
""")
_READ = text("SELECT rota, source, body, fetched_at, error FROM remote_calendars WHERE rota = ANY(:rotas)")


@dataclass(frozen=True, slots=True)
class Due:
    """A calendar to be fetched now, with what to ask whether it has changed by."""

    rota: str
    source: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Copy:
    """How a rota's calendar stands: when it was last heard of, and what keeps it from being fresh ("" for nothing)."""

    rota: str
    fetched_at: datetime | None
    error: str


def claim(connection: Connection, rotas: Mapping[str, Rota], now: datetime) -> list[Due]:
    """The calendars whose turn it is, for this process alone."""
    found: list[Due] = []
    for name, rota in sorted(rotas.items()):
        source = source_of(rota)
        if not source:
            continue
        row = connection.execute(
            _CLAIM, {"rota": name, "source": source, "now": now, "later": now + _CLAIMED}
        ).one_or_none()  # fmt: skip
        if row is not None:
            found.append(Due(name, source, row.etag, row.last_modified))
    return found


def keep(connection: Connection, due: Due, body: str | None, etag: str, last_modified: str, now: datetime) -> None:
    """It was fetched; `body` is None where it has not changed."""
    given = {"rota": due.rota, "source": due.source, "now": now, "next": now + _EVERY}
    connection.execute(_KEEP, {**given, "body": body, "etag": etag, "last_modified": last_modified})


def failed(connection: Connection, due: Due, error: str, asked: timedelta, now: datetime) -> None:
    """It could not be fetched, or not be read: the copy stays, and the next look is later each time."""
    given = {"rota": due.rota, "source": due.source, "now": now, "error": error[:300]}
    connection.execute(_FAIL, {**given, "asked": asked, "longest": _LONGEST, "every": _EVERY})


def copies(connection: Connection, rotas: Iterable[str]) -> dict[str, Copy]:
    """How the calendars of these rotas stand."""
    rows = connection.execute(_READ, {"rotas": list(rotas)})
    return {row.rota: Copy(row.rota, row.fetched_at, row.error) for row in rows}


def with_events(connection: Connection, rotas: Mapping[str, Turns]) -> Mapping[str, Turns]:
    """The rotas with the events of their calendars as last heard of."""
    wanted = {name: turns for name, turns in rotas.items() if turns.source}
    if not wanted:
        return rotas
    found = dict(rotas)
    for row in connection.execute(_READ, {"rotas": list(wanted)}):
        turns = wanted[row.rota]
        if row.body and row.source == turns.source:
            found[row.rota] = replace(turns, events=(*turns.events, *read(row.body, turns.zone.key)))
    return found


@lru_cache(maxsize=64)
def read(body: str, zone: str) -> tuple[ical.Event, ...]:
    """The events of a calendar. Raises ValueError with a sentence for what is wrong."""
    if "\0" in body:
        raise ValueError("it is no text: there is a NUL in it")
    if "END:VCALENDAR" not in body[-2000:].upper():
        raise ValueError("it is cut off: it does not end with END:VCALENDAR")
    return ical.events(body, time_zone(zone))
