"""Reads an iCal file (RFC 5545): its events, and what they cover of a day. Times are told on the wall of one zone.

All-day and timed events; daily, weekly and yearly repetition with INTERVAL, COUNT, UNTIL, BYDAY and EXDATE. What else
repeats is refused by name, so that nobody trusts a calendar half understood. Cancelled events count for nothing.
"""

import re
from calendar import isleap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LARGEST = 2_000_000
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=1000)
_MOST_TIMES = 5000
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LENGTH = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_PLAIN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", "BYMONTH", "BYMONTHDAY"}

Interval = tuple[timedelta, timedelta]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its first start on the wall, its length, and on which days it starts again ("" for never)."""

    start: datetime
    length: timedelta
    summary: str = ""
    every: str = ""
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    but: frozenset[date] = frozenset()

    def starts_on(self, day: date) -> bool:
        """Whether it starts on this day."""
        first = self.start.date()
        if day < first or day in self.but or (self.until is not None and day > self.until):
            return False
        match self.every:
            case "DAILY":
                return (day - first).days % self.interval == 0
            case "WEEKLY":
                weeks = ((day - timedelta(day.weekday())) - (first - timedelta(first.weekday()))).days // 7
                return day.weekday() in self.weekdays and weeks % self.interval == 0
            case "YEARLY":
                same = (day.month, day.day) == (first.month, first.day)
                return same and (day.year - first.year) % self.interval == 0
            case _:
                return day == first

    def covers(self, day: date) -> Iterator[Interval]:
        """What it covers of this day, as times since midnight."""
        offset = self.start - datetime.combine(self.start.date(), time())
        for back in range((offset + self.length) // _DAY + 1):
            if self.starts_on(day - back * _DAY):
                opens, closes = offset - back * _DAY, offset - back * _DAY + self.length
                if closes > timedelta(0):
                    yield max(opens, timedelta(0)), min(closes, _DAY)


def covered(events: Iterable[Event], day: date) -> list[Interval]:
    """What the events cover of a day, in order."""
    return sorted(interval for event in events for interval in event.covers(day))


def events(source: str, zone: ZoneInfo) -> tuple[Event, ...]:
    """The events of an iCal file's text. Raises ValueError with a sentence for what cannot be read."""
    if "BEGIN:VCALENDAR" not in source[:2000].upper():
        raise ValueError("it is no iCal file: it does not begin with BEGIN:VCALENDAR")
    try:
        return tuple(event for block in _blocks(source) if (event := _event(block, zone)) is not None)
    except OverflowError:
        raise ValueError("it has a date, or a length, that is beyond all calendars") from None


def _blocks(source: str) -> Iterator[dict[str, list[tuple[str, str]]]]:
    """The properties of each VEVENT: name → its (parameters, value), folded lines joined. Alarms inside are skipped."""
    block: dict[str, list[tuple[str, str]]] | None = None
    inside: list[str] = []
    for line in re.sub(r"\r?\n[ \t]", "", source).splitlines():
        head, _, value = line.partition(":")
        name, _, _ = head.upper().partition(";")
        if name == "BEGIN":
            inside.append(value.strip().upper())
            block = {} if inside[-1] == "VEVENT" else block
        elif name == "END" and inside:
            if inside.pop() == "VEVENT" and block is not None:
                yield block
                block = None
        elif block is not None and inside[-1:] == ["VEVENT"]:
            block.setdefault(name, []).append((head.partition(";")[2], value.strip()))


def _event(block: dict[str, list[tuple[str, str]]], zone: ZoneInfo) -> Event | None:
    if "DTSTART" not in block or block.get("STATUS", [("", "")])[0][1].upper() == "CANCELLED":
        return None
    start, whole_day = _moment(*block["DTSTART"][0], zone)
    if "DTEND" in block:
        length = _moment(*block["DTEND"][0], zone)[0] - start
    elif "DURATION" in block:
        length = _length(block["DURATION"][0][1])
    else:
        length = _DAY if whole_day else timedelta(0)
    if length < timedelta(0):
        raise ValueError(f"an event ends before it starts, on {start:%Y-%m-%d}")
    if length > _LONGEST:
        raise ValueError(f"an event of {start:%Y-%m-%d} takes more than {_LONGEST.days} days")
    summary = block.get("SUMMARY", [("", "")])[0][1].replace("\\,", ",").replace("\\;", ";").replace("\\n", " ")
    but = frozenset(
        _moment(parameters, one, zone)[0].date()
        for parameters, several in block.get("EXDATE", [])
        for one in several.split(",")
    )
    plain = Event(start, length, summary, but=but)
    return _repeated(plain, block["RRULE"][0][1], zone) if "RRULE" in block else plain


def _repeated(event: Event, rule: str, zone: ZoneInfo) -> Event:
    parts = dict(part.upper().split("=", 1) for part in rule.split(";") if "=" in part)
    first = event.start.date()
    own = {"BYMONTH": str(first.month), "BYMONTHDAY": str(first.day)}  # said again by some programs
    strange = set(parts) - _PLAIN or {name for name, value in own.items() if parts.get(name, value) != value}
    days = [day for day in parts.get("BYDAY", "").split(",") if day]
    if parts.get("FREQ") not in ("DAILY", "WEEKLY", "YEARLY") or strange or not set(days) <= set(_DAYS):
        raise ValueError(f"RRULE:{rule[:80]} cannot be read; daily, weekly and yearly events can")
    if days and parts["FREQ"] != "WEEKLY":
        raise ValueError(f"RRULE:{rule[:80]} cannot be read; BYDAY can only be used with FREQ=WEEKLY")
    repeated = replace(
        event,
        every=parts["FREQ"],
        interval=max(int(parts.get("INTERVAL", "1")), 1),
        weekdays=tuple(_DAYS.index(day) for day in days) or (first.weekday(),),
        until=_moment("", parts["UNTIL"], zone)[0].date() if "UNTIL" in parts else None,
    )
    return replace(repeated, until=_last(repeated, int(parts["COUNT"]))) if "COUNT" in parts else repeated


def _last(event: Event, times: int) -> date:
    """The day of the last of so many starts; those that EXDATE leaves out count."""
    return next(islice(_starts(event), min(max(times, 1), _MOST_TIMES) - 1, None))


def _starts(event: Event) -> Iterator[date]:
    """The days on which it starts, without end."""
    first, counted = event.start.date(), replace(event, but=frozenset())
    monday = first - timedelta(first.weekday())
    for turn in (n * event.interval for n in count()):
        if event.every == "DAILY":
            days = [first + turn * _DAY]
        elif event.every == "WEEKLY":
            days = [monday + (7 * turn + day) * _DAY for day in sorted(set(event.weekdays))]
        else:
            days = _in_year(first, first.year + turn)
        yield from filter(counted.starts_on, days)


def _in_year(day: date, year: int) -> list[date]:
    """The same day of another year; none for the 29th of February of most."""
    return [] if (day.month, day.day) == (2, 29) and not isleap(year) else [day.replace(year=year)]


def _moment(parameters: str, value: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """A date or date-time on the wall of `zone`, and whether it is only a date."""
    found = re.fullmatch(r"(\d{8})(?:T(\d{6})(Z?))?", value.strip())
    try:
        if found is None:
            raise ValueError
        day = datetime.strptime(found[1], "%Y%m%d")  # noqa: DTZ007  on the wall
        if found[2] is None:
            return day, True
        wall = datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"{value[:40]!r} is no date of an iCal file") from None
    named = re.search(r"TZID=\"?([^;\":]+)", parameters, re.IGNORECASE)
    if not found[3] and named is None:
        return wall, False
    try:
        theirs = UTC if found[3] else ZoneInfo(named[1]) if named else zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {named[1][:40]!r}" if named else "no time zone") from None
    return wall.replace(tzinfo=theirs).astimezone(zone).replace(tzinfo=None), False


def _length(value: str) -> timedelta:
    found = _LENGTH.fullmatch(value.strip().upper().lstrip("+"))
    if found is None:
        raise ValueError(f"{value[:40]!r} is no duration of an iCal file")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
