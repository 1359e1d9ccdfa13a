"""What a page shows of a case that the case does not say outright. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit

from leitstand.model import CaseSnapshot, ClockName, ClockSnapshot, ClockState, Event, Reason
from triage.records import LIVE
from triage.timeline import SYSTEM

EXCERPT = 240
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_COARSE_FROM = 600  # from ten minutes on, seconds only distract
_AGO_COARSE_FROM = 60
_MOST_WORDS = 8
_ORDER = {"urgency": 0, "sentiment": 1}


@dataclass(frozen=True, slots=True)
class Due:
    """The clock that a case's row counts down. `missed` says that it was breached and still waits."""

    clock: ClockName
    at: datetime
    missed: bool


@dataclass(frozen=True, slots=True)
class Next:
    """A case, and its deadline that is still ahead."""

    number: int
    due: Due


@dataclass(frozen=True, slots=True)
class Still:
    """Why no deadline counts down on an open case: its clock stands still with so much `left`, or it has none left.

    Without a clock, `since` is when the case was opened that nobody has acknowledged.
    """

    since: datetime
    clock: ClockName | None = None
    left: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a post's text; `cues` say what it is marked for, by which cue and whether that is only what the
    trained model weighed, none where it is not; `tone` how."""

    text: str
    cues: tuple[tuple[str, str, bool], ...] = ()
    tone: str = ""


def due(case: CaseSnapshot) -> Due | None:
    """The earliest deadline that still waits for somebody; None when nothing does."""
    return min(_waiting(case), key=lambda d: d.at, default=None)


def still(case: CaseSnapshot) -> Still | None:
    """What an open case without a countdown tells instead; None where there is one, or nothing to tell."""
    if case.state not in LIVE or due(case) is not None:
        return None
    paused = [
        Still(clock.paused_at, ClockName(name), clock.due_at - clock.paused_at)
        for name, clock in case.clocks.items()
        if clock.paused_at is not None and clock.due_at is not None
    ]
    if paused:
        return min(paused, key=lambda still: still.left)
    return Still(case.opened_at) if case.acknowledged_at is None else None


def _waiting(case: CaseSnapshot) -> list[Due]:
    if case.state not in LIVE:
        return []
    return [
        Due(ClockName(name), clock.due_at, clock.state is ClockState.BREACHED)
        for name, clock in case.clocks.items()
        if clock.due_at is not None and _waits(clock)
    ]


def _waits(clock: ClockSnapshot) -> bool:
    """Whether somebody is still to do something about it: a breached clock waits until it is answered late."""
    return clock.ended_at is None and clock.state in (ClockState.RUNNING, ClockState.BREACHED)


def next_due(cases: Iterable[CaseSnapshot], now: datetime) -> Next | None:
    """The case whose deadline comes next, whatever it has missed already; None where none is ahead."""
    ahead = [Next(case.number, one) for case in cases for one in _waiting(case) if one.at > now]
    return min(ahead, key=lambda n: n.due.at, default=None)


def headline(case: CaseSnapshot, length: int = EXCERPT) -> str:
    """The title; what the first post says where the title is only its beginning."""
    return case.title if case.title and not case.title.endswith("…") else excerpt(case.text or case.title, length)


def ago(length: timedelta) -> str:
    """How long something is past: to the minute."""
    return span(length, _AGO_COARSE_FROM)


def span(length: timedelta, coarse_from: int = _COARSE_FROM) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`: at most two units, as the page's script writes it too."""
    left = int(abs(length.total_seconds()))
    if left >= coarse_from:
        left -= left % 60
    parts: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def seconds(count: int) -> str:
    """The same of a number of seconds."""
    return span(timedelta(seconds=count))


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The text on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return f"{line[:length].rsplit(' ', 1)[0]} …"


def outside_link(url: str) -> str:
    """The address if a browser may follow it, else "": a post's own address is data like the rest."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def marked(text: str, reasons: Iterable[Reason], field: str = "text") -> list[Piece]:
    """The text in pieces, those that a reason is about marked with their cues."""
    found: dict[tuple[int, int], list[Reason]] = {}
    for reason in reasons:
        if reason.field == field and 0 <= reason.start < reason.end <= len(text):
            found.setdefault((reason.start, reason.end), []).append(reason)
    pieces: list[Piece] = []
    at = 0
    for start, end in _apart(found):
        pieces += [Piece(text[at:start])] if start > at else []
        why = found[start, end]
        cues = tuple((r.about, r.cue.replace("_", " "), r.learned) for r in why)
        pieces.append(Piece(text[start:end], cues, _tone(why)))
        at = end
    return [*pieces, Piece(text[at:])] if at < len(text) else pieces


def _apart(found: Mapping[tuple[int, int], Sequence[Reason]]) -> list[tuple[int, int]]:
    """The spans to be marked, of those that overlap one: a list's cue before what is learned, then the earlier one."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda span: (all(r.learned for r in found[span]), span[0], -span[1])):
        if all(end <= left or right <= start for left, right in kept):
            kept.append((start, end))
    return sorted(kept)


def _tone(reasons: Sequence[Reason]) -> str:
    """`urgent` before `bad` and `good`: what is urgent must not be overlooked."""
    abouts = {reason.about for reason in reasons}
    if "urgency" in abouts:
        return "urgent"
    weight = sum(reason.weight for reason in reasons if reason.about == "sentiment")
    return "bad" if weight < 0 else "good" if weight > 0 else ""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The words that spoke for something, the weightiest first, and whether each is only what the trained model
    weighed and no cue of a list."""

    about: str
    words: tuple[tuple[str, bool], ...]


def weighed(text: str, title: str, reasons: Iterable[Reason]) -> list[Weighed]:
    """What each score was made of, for those who cannot hover over a mark."""
    by_about: dict[str, dict[tuple[str, bool], float]] = {}
    for reason in reasons:
        source = title if reason.field == "title" else text
        quote = " ".join(source[reason.start : reason.end].split()) or reason.cue.replace("_", " ")
        words, weights = (quote, reason.learned), by_about.setdefault(reason.about, {})
        weights[words] = max(weights.get(words, 0.0), abs(reason.weight))
    return [
        Weighed(about, tuple(sorted(weights, key=lambda w: -weights[w])[:_MOST_WORDS]))
        for about, weights in sorted(by_about.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER)))
    ]


def people(count: int) -> str:
    """`987`, `12.3k`, `1.2M`: a number of followers, to be read at a glance."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            shown = count / size
            return f"{shown:.0f}{unit}" if shown >= 100 or shown == int(shown) else f"{shown:.1f}{unit}"
    return str(count)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One line of a case's deadlines. `waits` says that it counts down, or is overdue, right now."""

    name: ClockName
    state: ClockState
    budget: timedelta
    due_at: datetime | None
    waits: bool
    words: str = ""
    ended_at: datetime | None = None

    @property
    def late(self) -> timedelta | None:
        """How much too late it was answered; None where it was not."""
        if self.state is not ClockState.BREACHED or self.ended_at is None or self.due_at is None:
            return None
        return self.ended_at - self.due_at


def clocks(case: CaseSnapshot) -> list[ClockRow]:
    """The case's clocks: first those that wait for somebody, in the order in which they fall due."""
    live = case.state in LIVE
    rows = [
        ClockRow(
            ClockName(name),
            clock.state,
            timedelta(seconds=clock.budget_seconds),
            clock.due_at,
            live and clock.due_at is not None and _waits(clock),
            clock.words,
            clock.ended_at,
        )
        for name, clock in case.clocks.items()
    ]
    return sorted(
        rows, key=lambda row: (not row.waits, row.due_at is None, row.due_at.timestamp() if row.due_at else 0)
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the timeline; `times` events in a row that say the same are one line, with the time of the last."""

    event: Event
    times: int = 1
    since: datetime | None = None


def timeline(events: Sequence[Event]) -> list[Told]:
    """The timeline, the newest first."""
    found: list[Told] = []
    for _, group in groupby(reversed(events), key=lambda e: (e.kind, e.actor, e.text)):
        same = list(group)
        found.append(Told(same[0], len(same), same[-1].at if len(same) > 1 else None))
    return found


def event_class(event: Event) -> str:
    """How a line of the timeline is marked: what people did, and what is alarming."""
    if event.kind in ALARMING:
        return "sev"
    return "" if event.actor == SYSTEM else "person"


ALARMING = frozenset({"clock_breached", "clock_reminder", "escalation_step_failed", "escalation_finished", "severity"})


def riskiest_first(cases: Iterable[CaseSnapshot]) -> tuple[CaseSnapshot, ...]:
    """The likeliest to be escalated first; after them, in their order, those that have not been estimated."""
    return tuple(sorted(cases, key=lambda case: -case.risk.score if case.risk else 0.0))


def growth(last_hour: int, hour_before: int) -> str:
    """Whether a story grows: "grows", "ebbs" or "" where it does neither."""
    if last_hour == hour_before:
        return ""
    return "grows" if last_hour > hour_before else "ebbs"
