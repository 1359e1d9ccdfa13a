"""Who is on call. Pure: overrides first, then an iCal file's events, then the weekly turns, on the wall of the zone."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from leitstand.settings import Override, Rota
from triage import ical
from triage.hours import time_zone

FIRST = date(2026, 1, 5)
_WEEK, _AHEAD = timedelta(weeks=1), timedelta(weeks=8)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Turns:
    """A rota as asked. `first` is the hand-over, on the wall, at which the first person's first week begins.

    `source` is what its calendar on the net is known by, "" for none: its events come from the database.
    """

    people: tuple[str, ...]
    first: datetime
    zone: ZoneInfo
    overrides: tuple[Override, ...] = ()
    events: tuple[ical.Event, ...] = ()
    source: str = ""

    def on_call(self, at: datetime) -> str | None:
        """The target of whoever is on call, None if nobody is."""
        override = next((o for o in reversed(self.overrides) if o.start <= at < o.end), None)
        if override is not None:
            return override.person
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        planned = _planned(self.events, wall)
        if planned is not None or not self.people:
            return planned
        return self.people[(wall - self.first) // _WEEK % len(self.people)]

    def next_change(self, at: datetime) -> tuple[datetime, str | None] | None:
        """When somebody else, or nobody, will be on call, and who; None if nobody else will within eight weeks."""
        now = self.on_call(at)
        for moment in sorted(m for m in self._moments(at) if at < m <= at + _AHEAD):
            if (then := self.on_call(moment)) != now:
                return moment, then
        return None

    def _moments(self, at: datetime) -> set[datetime]:
        """When anything may change: overrides, events and hand-overs."""
        found = {moment for o in self.overrides for moment in (o.start, o.end)}
        wall = at.astimezone(self.zone).replace(tzinfo=None)
        turns = self.first + (wall - self.first) // _WEEK * _WEEK
        walls = [turns + count * _WEEK for count in range(_AHEAD // _WEEK + 1)] if self.people else []
        if self.events:
            for days in range(_AHEAD.days):
                day = wall.date() + timedelta(days=days)
                spans = [span for event in self.events for span in event.covers(day)]
                walls += [datetime.combine(day, time()) + edge for span in spans for edge in span]
        return found | {moment.replace(tzinfo=self.zone).astimezone(UTC) for moment in walls}


def compiled(rota: Rota) -> Turns:
    """The rota, its iCal file read. Raises ValueError with a sentence for what is wrong."""
    zone = time_zone(rota.timezone)
    if not rota.people and not rota.overrides and rota.ical is None and rota.ical_url is None:
        raise ValueError("nobody is ever on call: name `people`, or an iCal file")
    for override in rota.overrides:
        if override.start.tzinfo is None or override.end.tzinfo is None:
            raise ValueError("an override's times need their offset, as in 2026-12-24T09:00:00+01:00")
        if override.end <= override.start:
            raise ValueError(f"the override of {override.person} ends before it starts")
    events = ical.events(_read(rota.ical), zone) if rota.ical else ()
    first, source = _first(rota.starts or FIRST, rota.handover), source_of(rota)
    return Turns(tuple(rota.people), first, zone, tuple(rota.overrides), events, source)


def source_of(rota: Rota) -> str:
    """What the address of a calendar on the net is known by: it often is a key. "" where the rota has none."""
    if rota.ical_url is None:
        return ""
    address = rota.ical_url.get_secret_value()
    if not address.startswith(("https://", "http://")):
        raise ValueError("`ical_url` must begin with https:// (webcal:// is the same with another name)")
    return hashlib.sha256(address.encode()).hexdigest()


def _first(starts: date, handover: str) -> datetime:
    """The first hand-over on or before that date's end."""
    day, clock = handover.split()
    at = time.fromisoformat(clock)
    back = (starts.weekday() - _DAYS.index(day)) % 7
    return datetime.combine(starts - timedelta(days=back), at)


def _planned(events: tuple[ical.Event, ...], wall: datetime) -> str | None:
    """Who has an event now; of several, the one that was entered last."""
    since = wall - datetime.combine(wall.date(), time())
    names = [e.summary.strip() for e in events if any(a <= since < b for a, b in e.covers(wall.date()))]
    return names[-1] if names else None


def _read(path: Path) -> str:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    if len(source) > ical.LARGEST:
        raise ValueError(f"{path} is larger than {ical.LARGEST} bytes")
    return source.decode("utf-8-sig", errors="replace")
