"""Working time: when a budget is used up, and how much of it lies between two moments.

`ALWAYS` is the calendar that never closes; `working_hours` makes the others. A calendar is additive: what lies between
a and c is what lies between a and b plus what lies between b and c. All clock arithmetic rests on that. Open means that
the clock on the wall shows an open hour: one that summer time skips does not count, one that it repeats counts twice.
What a day's hours are: those of its exception, if it has one; none on a holiday; else those of its weekday; and from
these what the iCal file's events cover is taken away.
"""

import importlib
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leitstand.settings import Calendar
from triage import ical

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_ZERO, _DAY = timedelta(0), timedelta(days=1)
_FAR = 3660  # days; a calendar that is closed for ten years will not open
_SURE = 9 * 52  # weeks, less than the holidays of ten years leave
_WIDEST_OFFSET = timedelta(hours=15)

Span = tuple[datetime, datetime]
Interval = tuple[timedelta, timedelta]


class WorkingTime(Protocol):
    """When people work. `zone` is where, None for everywhere."""

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of its hours."""

    def after(self, start: datetime, work: timedelta) -> datetime:
        """The moment at which `work` of working time has passed since `start`."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; 0 where the end comes first."""

    def stretches(self, start: datetime, work: timedelta) -> Iterator[Span]:
        """The stretches in which `work` of working time passes, from `start` on, the last one cut short."""


class _Always:
    zone = None

    def after(self, start: datetime, work: timedelta) -> datetime:
        return start + work

    def between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, _ZERO)

    def stretches(self, start: datetime, work: timedelta) -> Iterator[Span]:
        yield start, start + work


ALWAYS: WorkingTime = _Always()


class WeeklyHours:
    """The same intervals every week in one time zone, but for holidays, exceptions and events."""

    def __init__(
        self,
        zone: ZoneInfo,
        week: tuple[tuple[Interval, ...], ...],
        closed: Container[date],
        exceptions: Mapping[date, tuple[Interval, ...]],
        events: tuple[ical.Event, ...] = (),
    ) -> None:
        self.zone: ZoneInfo | None = zone
        self._zone, self._week, self._closed, self._exceptions, self._events = zone, week, closed, exceptions, events
        self._spans = lru_cache(maxsize=4096)(self._open_spans)

    def after(self, start: datetime, work: timedelta) -> datetime:
        if work <= _ZERO:
            return start
        for opens, closes in self._from(start):
            if work <= closes - opens:
                return opens + work
            work -= closes - opens
        return start + _FAR * _DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = _ZERO
        for opens, closes in self._from(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def stretches(self, start: datetime, work: timedelta) -> Iterator[Span]:
        for opens, closes in self._from(start):
            if work <= closes - opens:
                yield opens, opens + work
                return
            work -= closes - opens
            yield opens, closes

    def _from(self, start: datetime) -> Iterator[Span]:
        """What is open from `start` on, the span that it falls into cut short."""
        first = start.astimezone(self._zone).date() - _DAY
        for offset in count():
            if offset > _FAR:
                return
            for opens, closes in self._spans(first + offset * _DAY):
                if closes > start:
                    yield max(opens, start), closes

    def _open_spans(self, day: date) -> tuple[Span, ...]:
        """The open spans of one local day, in UTC."""
        intervals = self._exceptions.get(day)
        if intervals is None:
            intervals = self._week[day.weekday()]
            if not intervals or day in self._closed:
                return ()
        intervals = _without(intervals, ical.covered(self._events, day)) if self._events else intervals
        midnight = datetime.combine(day, time(), UTC)
        return tuple(
            (begins, ends)
            for since, until, ahead in self._offsets(midnight - _WIDEST_OFFSET, midnight + _DAY + _WIDEST_OFFSET)
            for opens, closes in intervals
            if (begins := max(midnight + opens - ahead, since)) < (ends := min(midnight + closes - ahead, until))
        )

    def _offsets(self, since: datetime, until: datetime) -> Iterable[tuple[datetime, datetime, timedelta]]:
        """The stretches of equal distance to UTC: one, or two with a change of the clocks between them."""
        before, after = self._ahead(since), self._ahead(until)
        if before == after:
            return [(since, until, before)]
        low, high = since, until
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            low, high = (middle, high) if self._ahead(middle) == before else (low, middle)
        changed = high.replace(microsecond=0)
        return [(since, changed, before), (changed, until, after)]

    def _ahead(self, at: datetime) -> timedelta:
        return at.astimezone(self._zone).utcoffset() or _ZERO


def working_hours(calendar: Calendar) -> WorkingTime:
    """The calendar of a `[calendars]` entry. Raises ValueError with a sentence if it cannot be one."""
    zone = time_zone(calendar.timezone)
    exceptions = {_date(day): _merged(map(_interval, hours)) for day, hours in calendar.exceptions.items()}
    events = _events(calendar.ical, zone) if calendar.ical else ()
    return WeeklyHours(zone, _week(calendar.hours), _holidays(calendar.holidays), exceptions, events)


def problems(calendar: Calendar) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with a `[calendars]` entry: the key, and a sentence."""
    parts: dict[str, Callable[[], object]] = {
        "timezone": lambda: time_zone(calendar.timezone),
        "hours": lambda: _week(calendar.hours),
        "holidays": lambda: _holidays(calendar.holidays),
        "exceptions": lambda: [
            (_date(day), _merged(map(_interval, hours))) for day, hours in calendar.exceptions.items()
        ],
        "ical": lambda: _events(calendar.ical, ZoneInfo("UTC")) if calendar.ical else (),
    }
    for key, read in parts.items():
        try:
            read()
        except ValueError as error:
            yield key, str(error)


def longest(calendar: Calendar) -> timedelta:
    """The working time that surely passes within the ten years that are looked ahead. Raises ValueError."""
    return _SURE * sum((closes - opens for day in _week(calendar.hours) for opens, closes in day), _ZERO)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'{text!r} is no date; write exceptions as "2026-12-24"') from None


def _events(path: Path, zone: ZoneInfo) -> tuple[ical.Event, ...]:
    try:
        if path.stat().st_size > ical.LARGEST:
            raise ValueError(f"{path.name} is larger than {ical.LARGEST // 1_000_000} MB")
        return ical.events(path.read_text(encoding="utf-8-sig"), zone)
    except OSError as error:
        raise ValueError(f"cannot read the iCal file {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not in UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def time_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises ValueError with a sentence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Berlin") from None


def _holidays(code: str) -> Container[date]:
    """The public holidays of `DE-BY`, growing as years are asked for; none for ""."""
    if not code:
        return frozenset()
    country, _, state = code.partition("-")
    # Imported for those who name one: the calendars of all countries would cost every process a fifth of a second.
    holidays = importlib.import_module("holidays")
    try:
        found: Container[date] = holidays.country_holidays(country, subdiv=state or None)
        return found
    except NotImplementedError:
        raise ValueError(f"no holidays are known for {code!r}; write a country and state such as DE-BY") from None


def _week(hours: dict[str, list[str]]) -> tuple[tuple[Interval, ...], ...]:
    week: list[list[Interval]] = [[] for _ in _DAYS]
    for days, intervals in hours.items():
        for day in _weekdays(days):
            week[day] += map(_interval, intervals)
    if not any(week):
        raise ValueError("it has no working hours at all")
    return tuple(map(_merged, week))


def _weekdays(text: str) -> list[int]:
    """`mon`, `mon-fri`, `fri-mon`, or several of these with commas."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f'{text!r} names no weekdays; write "mon-fri" or "sat", of {", ".join(_DAYS)}')
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        found += [(start + n) % 7 for n in range((end - start) % 7 + 1)]
    return found


def _interval(text: str) -> Interval:
    match = _INTERVAL.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError(f'{text!r} is no interval; write "08:00-12:00"')
    opens, closes = (timedelta(hours=int(match[n]), minutes=int(match[n + 1])) for n in (1, 3))
    if int(match[2]) > 59 or int(match[4]) > 59 or closes > _DAY:
        raise ValueError(f"{text!r} is not a time of day")
    if opens >= closes:
        raise ValueError(
            f'{text!r} ends before it begins; over midnight, write "22:00-24:00" and "00:00-06:00" of the next'
        )
    return opens, closes


def _without(intervals: Iterable[Interval], covered: Iterable[Interval]) -> tuple[Interval, ...]:
    """The intervals less what is covered."""
    for since, until in covered:
        parts = [((o, min(c, since)), (max(o, until), c)) for o, c in intervals]
        intervals = [(o, c) for pair in parts for o, c in pair if o < c]
    return tuple(intervals)


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for opens, closes in sorted(intervals):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)
