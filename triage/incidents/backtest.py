"""The detector over posts of the past: the curve it saw and the moments at which it would have spoken. Pure.

The clock is that of the posts. It is looked at each minute, and at each post that may make a spike, as the daemon does
every few seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from leitstand.settings import Incidents
from triage.incidents.baseline import Usual, remembered
from triage.incidents.detector import Ongoing, Reading, Seen, Watch, look
from triage.incidents.signals import MINUTE, Signal, minute_of

Kind = Literal["opened", "grown", "closed"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One post that gives signals on a watchlist."""

    at: datetime
    watchlist: str
    slot: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """When an incident opened, had doubled, or was over."""

    at: datetime
    watchlist: str
    kind: Kind
    signal: Signal
    authors: int
    expected: float
    threshold: int
    started_at: datetime


@dataclass(slots=True)
class Track:
    """One watchlist: what is known by now, and what came of it. `points` has a reading of each signal each minute."""

    watchlist: str
    settings: Incidents
    clock: datetime
    watch: Watch = field(default_factory=Watch)
    heard: dict[Signal, dict[datetime, set[int]]] = field(default_factory=lambda: {s: {} for s in Signal})
    hours: dict[Signal, dict[datetime, float]] = field(default_factory=lambda: {s: {} for s in Signal})
    known: dict[Signal, Usual | None] = field(default_factory=dict)
    points: list[tuple[datetime, tuple[Reading, ...]]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def take(self, post: Heard) -> None:
        """One more post, not older than those before it."""
        self.until(post.at)
        for signal in post.signals:
            self.heard[signal].setdefault(minute_of(post.at), set()).add(post.slot)
        if self.points and self.watch.ongoing is None and self._many():
            self._look(post.at)

    def until(self, at: datetime) -> None:
        """Let the minutes pass."""
        while self.clock + MINUTE <= at:
            self.clock += MINUTE
            if self.clock.minute == 0:
                self.known = {signal: remembered(self.hours[signal], self.clock) for signal in Signal}
            # The end of the minute that has just passed: nothing of the one that begins is known yet.
            seen = self._look(self.clock - timedelta(microseconds=1))
            self.points.append((self.clock, seen.readings))

    def _many(self) -> bool:
        """Whether there may be a spike, by the thresholds of the minute before; a sudden one may be smaller."""
        least = {r.signal: r.threshold for r in self.points[-1][1]}
        least[Signal.TROUBLE] = min(least[Signal.TROUBLE], self.settings.minimum)
        return any(sum(map(len, self.heard[signal].values())) >= limit for signal, limit in least.items())

    def _look(self, now: datetime) -> Seen:
        seen = look(self.watch, self.heard, self.known, self.settings, now)
        self.watch = seen.watch
        for signal, hour, rate in seen.hours:
            self.hours[signal][hour] = rate
        told: tuple[tuple[Kind, Ongoing | None], ...] = (
            ("opened", seen.opened),
            ("grown", seen.grown),
            ("closed", seen.closed),
        )
        for kind, incident in told:
            if incident is not None:
                authors = next(r.authors for r in seen.readings if r.signal is incident.signal)
                self.moments.append(
                    Moment(
                        now, self.watchlist, kind, incident.signal, incident.peak if kind == "closed" else authors,
                        incident.expected, incident.threshold, incident.started_at,
                    )
                )  # fmt: skip
        oldest = minute_of(now) - self.settings.window - MINUTE
        for minutes in self.heard.values():
            for minute in [m for m in minutes if m < oldest]:
                del minutes[minute]
        return seen


def backtest(posts: Iterable[Heard], settings: Incidents, begins: datetime) -> dict[str, Track]:
    """Each watchlist's track. Posts come in the order of their times; the clock starts at `begins`."""
    tracks: dict[str, Track] = {}
    last = begins
    for post in posts:
        if post.watchlist not in tracks:
            tracks[post.watchlist] = Track(post.watchlist, settings, minute_of(begins))
        tracks[post.watchlist].take(post)
        last = post.at
    for track in tracks.values():
        track.until(last + settings.window + settings.quiet + 2 * MINUTE)
    return tracks


def moments(tracks: dict[str, Track]) -> list[Moment]:
    """What would have been told, in order."""
    return sorted((m for track in tracks.values() for m in track.moments), key=lambda m: m.at)
