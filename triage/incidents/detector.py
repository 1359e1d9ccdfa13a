"""When an incident begins, grows and ends on one watchlist. Pure: a watch and what was heard go in, a watch comes out.

    quiet ──at least `threshold` authors, over three minutes──► open ──doubled──► grown …
      │  └──three minutes, in each new trouble, and hardly anything else──►│
      ▲                                                           │
      └──────── below half of the threshold for `quiet` ──────────┘

It is asked as often as one likes; minutes are learned from only when they are older than the window, so that what
grows slowly does not become usual while it is looked at.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leitstand.settings import Incidents
from triage.incidents.baseline import HOUR, NEVER, SELDOM, Lately, Source, Usual, threshold, usual
from triage.incidents.signals import MINUTE, Signal, authors, minute_of

Minutes = Mapping[datetime, Set[int]]
# As long as nothing is known of a watchlist, twice the minimum is asked for.
_UNKNOWN = 2
# So many minutes say by themselves that something has broken; trouble is then so much of all that is heard in them.
_SUDDEN, _OF_ALL = 3, 0.75
# After nobody has looked for so long, what was heard meanwhile is not known well enough to learn from.
_LOST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Series:
    """What one signal has taught so far: the last minutes, and the hour that is not complete yet."""

    lately: Lately = field(default_factory=Lately)
    hour_authors: int = 0
    hour_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Ongoing:
    """An incident that is open: which signal opened it, since when, how large, what was told last."""

    signal: Signal
    started_at: datetime
    opened_at: datetime
    expected: float
    threshold: int
    peak: int
    told: int
    below_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """One watchlist as watched. `learned_until` is the first minute not yet learned from."""

    learned_until: datetime | None = None
    series: Mapping[Signal, Series] = field(default_factory=dict)
    ongoing: Ongoing | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal at one time: the authors of the window, how many were expected and by what, and what is a spike.

    `sudden` says that the last minutes alone are one.
    """

    signal: Signal
    authors: int
    minutes: int
    expected: float
    source: Source
    threshold: int
    first: datetime | None
    sudden: bool = False

    @property
    def above(self) -> bool:
        """Whether it is a spike that persists: over three minutes, or over two where it is as high again."""
        lasts = 2 if self.authors >= 2 * self.threshold else 3
        return self.sudden or (self.authors >= self.threshold and self.minutes >= lasts)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: the watch from now on, the readings, and whether an incident has opened, grown or closed.

    `hours` are complete hours to be kept: authors a minute.
    """

    watch: Watch
    readings: tuple[Reading, ...]
    opened: Ongoing | None = None
    grown: Ongoing | None = None
    closed: Ongoing | None = None
    hours: tuple[tuple[Signal, datetime, float], ...] = ()


def look(
    watch: Watch,
    heard: Mapping[Signal, Minutes],
    known: Mapping[Signal, Usual | None],
    settings: Incidents,
    now: datetime,
) -> Seen:
    """Look at a watchlist now.

    `heard` are the slots of each minute since `first_minute`, `known` is what earlier weeks and days say.
    """
    watch, complete = _learn(watch, heard, settings.window, now)
    readings = tuple(read(watch, s, heard, known.get(s), settings, now) for s in Signal)
    if watch.ongoing is None:
        above = next((r for r in readings if r.above), None)
        if above is None:
            return Seen(watch, readings, hours=complete)
        ongoing = Ongoing(
            above.signal, above.first or now, now, above.expected, above.threshold, above.authors, above.authors
        )
        return Seen(replace(watch, ongoing=ongoing), readings, opened=ongoing, hours=complete)
    return replace(_follow(watch, watch.ongoing, readings, settings.quiet, now), hours=complete)


def first_minute(watch: Watch, window: timedelta, now: datetime) -> datetime:
    """From which minute on `look` must know what was heard."""
    oldest = minute_of(now) - window
    return max(min(watch.learned_until or oldest, oldest), oldest - _LOST)


def read(
    watch: Watch,
    signal: Signal,
    heard: Mapping[Signal, Minutes],
    remembers: Usual | None,
    settings: Incidents,
    now: datetime,
) -> Reading:
    """One signal now."""
    this = minute_of(now)
    within = {m: slots for m, slots in heard.get(signal, {}).items() if this - settings.window < m <= this and slots}
    known = usual(remembers, watch.series.get(signal, Series()).lately)
    expected = known.rate * (settings.window / MINUTE)
    unknown = _UNKNOWN if known.source == "nothing" else 1
    count, first = _count(within.values()), min(within, default=None)
    if signal is Signal.IMPACT:
        limit = threshold(expected, settings.minimum_impact * unknown, settings.factor, NEVER)
        return Reading(signal, count, len(within), expected, known.source, limit, first)
    # The sharp signal is nearly silent by itself: for it, twice the usual number is already much, and so is chance.
    if limit := _sudden(heard, known.rate, settings.minimum * unknown, this):
        return Reading(signal, count, len(within), expected, known.source, limit, first, sudden=True)
    limit = threshold(expected, settings.minimum * unknown, 1.0, NEVER)
    return Reading(signal, count, len(within), expected, known.source, limit, first)


def _sudden(heard: Mapping[Signal, Minutes], rate: float, minimum: int, this: datetime) -> int:
    """The threshold that the last minutes have reached, 0 if they have not.

    Chance brings three voices within minutes now and then; it hardly ever brings one in each of them, and nearly
    nothing else at the same time.
    """
    last = [this - back * MINUTE for back in range(_SUDDEN)]
    trouble, everything = (
        [heard.get(s, {}).get(m, frozenset()) for m in last] for s in (Signal.TROUBLE, Signal.IMPACT)
    )
    limit, count = threshold(rate * _SUDDEN, minimum, 1.0, SELDOM), _count(trouble)
    return limit if all(trouble) and count >= limit and count >= _OF_ALL * _count(everything) else 0


def _count(slots: Iterable[Set[int]]) -> int:
    return authors(frozenset().union(*slots))


def _follow(watch: Watch, ongoing: Ongoing, readings: tuple[Reading, ...], quiet: timedelta, now: datetime) -> Seen:
    """An open incident: whether it goes on, has doubled, or is over."""
    count = max(r.authors for r in readings if r.signal is ongoing.signal)
    ebbed = all(2 * r.authors < (ongoing.threshold if r.signal is ongoing.signal else r.threshold) for r in readings)
    below = (ongoing.below_since or now) if ebbed else None
    ongoing = replace(ongoing, peak=max(ongoing.peak, count), below_since=below)
    if below is not None and now - below >= quiet:
        # What was heard during it is not to be learned from, the quiet after it is.
        return Seen(replace(watch, ongoing=None), readings, closed=ongoing)
    if count >= 2 * ongoing.told:
        ongoing = replace(ongoing, told=count)
        return Seen(replace(watch, ongoing=ongoing), readings, grown=ongoing)
    return Seen(replace(watch, ongoing=ongoing), readings)


def _learn(
    watch: Watch, heard: Mapping[Signal, Minutes], window: timedelta, now: datetime
) -> tuple[Watch, tuple[tuple[Signal, datetime, float], ...]]:
    """Learn from the minutes that have left the window; an incident's are passed over."""
    until = minute_of(now) - window
    minute = watch.learned_until or until
    if until - minute > _LOST:
        minute, watch = until, replace(watch, series={})
    series = {signal: watch.series.get(signal, Series()) for signal in Signal}
    complete: list[tuple[Signal, datetime, float]] = []
    while minute < until:
        for signal in Signal:
            if not _troubled(watch.ongoing, minute):
                count = authors(heard.get(signal, {}).get(minute, frozenset()))
                series[signal] = _with(series[signal], count)
            if minute + MINUTE == (hour := minute.replace(minute=0)) + HOUR:
                if series[signal].hour_minutes >= 30:
                    rate = series[signal].hour_authors / series[signal].hour_minutes
                    complete.append((signal, hour, rate))
                series[signal] = replace(series[signal], hour_authors=0, hour_minutes=0)
        minute += MINUTE
    return replace(watch, learned_until=max(minute, until), series=series), tuple(complete)


def _troubled(ongoing: Ongoing | None, minute: datetime) -> bool:
    """Whether a minute belongs to an incident; what has been quiet for long enough to end it does not."""
    if ongoing is None or minute < ongoing.started_at:
        return False
    return ongoing.below_since is None or minute < ongoing.below_since


def _with(series: Series, count: int) -> Series:
    return replace(
        series,
        lately=series.lately.learn(count),
        hour_authors=series.hour_authors + count,
        hour_minutes=series.hour_minutes + 1,
    )
