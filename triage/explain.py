"""Says how a due time comes about: `15m from 11:50 Berlin, office until 12:00, goes on 13:00, due 13:05`. Pure.

Times are those of the calendar's zone, or of the desk's where the calendar never closes; the day is said where it
changes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from leitstand.model import Clock
from leitstand.settings import show_duration
from triage.hours import Span, WorkingTime

_LONGEST = 3  # stretches told one by one; a long budget goes through many days
_SHORT = timedelta(seconds=1)


def due_words(clock: Clock, hours: WorkingTime, desk: ZoneInfo, seen_at: datetime) -> str:
    """How the clock's due time comes about. `seen_at` is when we saw the post that started it."""
    zone = hours.zone or desk
    since = clock.started_at.astimezone(zone)
    until = clock.due_at.astimezone(zone)
    said = f"{show_duration(clock.budget)} from {_at(since, until)} {zone.key.rpartition('/')[2].replace('_', ' ')}"
    if clock.paused:
        said += f" and {show_duration(clock.paused)} of pauses"
    if hours.zone is not None:
        said += _breaks(clock, hours, since)
    said += f", due {_at(until, since)}"
    lag = seen_at - clock.started_at
    return f"{said}; seen {show_duration(lag)} later" if lag >= _SHORT else said


def _breaks(clock: Clock, hours: WorkingTime, since: datetime) -> str:
    """Where the hours stop and go on before the due time."""
    stretches: Sequence[Span] = list(islice(hours.stretches(clock.started_at, clock.budget + clock.paused), 400))
    if not stretches:
        return ""
    said, last = "", since
    first = stretches[0][0].astimezone(since.tzinfo)
    if first - since >= _SHORT:
        said, last = f", {clock.calendar} opens {_at(first, last)}", first
    for (_, closes), (opens, _) in islice(pairwise(stretches), _LONGEST - 1):
        stops, goes_on = closes.astimezone(since.tzinfo), opens.astimezone(since.tzinfo)
        said += f", {clock.calendar} until {_at(stops, last)}, goes on {_at(goes_on, stops)}"
        last = goes_on
    left_out = len(stretches) - _LONGEST
    return f"{said}, and {left_out} more" if left_out > 0 else said


def _at(moment: datetime, beside: datetime) -> str:
    """The time, with the date where it is another than that of the moment beside it."""
    return f"{moment:%H:%M}" if moment.date() == beside.date() else f"{moment:%Y-%m-%d %H:%M}"
