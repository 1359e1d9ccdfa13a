"""What a page shows of a case that the case does not say outright. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from leitstand.model import CaseSnapshot, CaseState, ClockName, ClockState, Event, Reason
from triage.timeline import SYSTEM

LIVE = frozenset({CaseState.NEW, CaseState.OPEN, CaseState.WAITING})
EXCERPT = 240
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_COARSE_FROM = 600  # from ten minutes on, seconds only distract
_AGO_COARSE_FROM = 60


@dataclass(frozen=True, slots=True)
class Due:
    """The clock that a case's row counts down. `missed` says that it was breached and still waits."""

    clock: ClockName
    at: datetime
    missed: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a post's text; `cue` says why it is marked, "" where it is not."""

    text: str
    cue: str = ""


def due(case: CaseSnapshot) -> Due | None:
    """The earliest deadline that still waits for somebody; None when nothing does."""
    if case.state not in LIVE:
        return None
    waiting = [
        Due(ClockName(name), clock.due_at, clock.state is ClockState.BREACHED)
        for name, clock in case.clocks.items()
        if clock.due_at is not None
        and clock.state in (ClockState.RUNNING, ClockState.BREACHED)
        and not (name == ClockName.ACKNOWLEDGE and case.acknowledged_at is not None)
    ]
    return min(waiting, key=lambda d: d.at, default=None)


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
    cues: dict[tuple[int, int], list[str]] = {}
    for reason in reasons:
        if reason.field == field and 0 <= reason.start < reason.end <= len(text):
            cues.setdefault((reason.start, reason.end), []).append(f"{reason.about}: {reason.cue.replace('_', ' ')}")
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(cues, key=lambda span: (span[0], -span[1])):
        if start < at:  # within a longer one
            continue
        pieces += [Piece(text[at:start])] if start > at else []
        pieces.append(Piece(text[start:end], ", ".join(cues[start, end])))
        at = end
    return [*pieces, Piece(text[at:])] if at < len(text) else pieces


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


def clocks(case: CaseSnapshot) -> list[ClockRow]:
    """The case's clocks, in the order in which they fall due."""
    live = case.state in LIVE
    rows = [
        ClockRow(
            ClockName(name),
            clock.state,
            timedelta(seconds=clock.budget_seconds),
            clock.due_at,
            live and clock.due_at is not None and clock.state is ClockState.RUNNING,
            clock.words,
        )
        for name, clock in case.clocks.items()
    ]
    return sorted(rows, key=lambda row: (row.due_at is None, row.due_at.timestamp() if row.due_at else 0.0))


def event_class(event: Event) -> str:
    """How a line of the timeline is marked: what people did, and what is alarming."""
    if event.kind in ("clock_breached", "escalation_step_failed", "escalation_finished", "severity"):
        return "sev"
    return "" if event.actor == SYSTEM else "person"
