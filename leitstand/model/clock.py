"""The deadlines of a case: a clock as it is stored, and as it is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class ClockName(StrEnum):
    """The deadlines of a case."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    FORWARD_ACCEPTED = "forward_accepted"


class ClockState(StrEnum):
    """idle → running ⇄ paused → met | breached. A breached clock stays breached: a late answer is a miss."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


class TrafficLight(StrEnum):
    """green, amber from 75 % of a clock's budget, red when one is breached."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class ClockEvent(NamedTuple):
    """One moment in the life of a clock: what happened, and the due time from then on.

    started, recomputed (another budget), paused, resumed, warned, breached, reminded, met, late (answered after the
    breach), cancelled (no longer needed), withdrawn (there is nobody to answer any more), restarted.
    """

    at: datetime
    event: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """One SLA clock as stored: `budget` of working time from `started_at`, due at `due_at`.

    `fire_at` is the next moment at which something is to be done about it (a warning, the breach itself, a reminder
    after it), None where nothing is; `warnings_left` are the fractions of the budget not yet warned of, those above 1
    the reminders. `policy` is the version of the `[[sla]]` entry that set it. `paused` is the working time spent in
    pauses so far, `paused_at` the start of the pause it is in. `ended_at` is when it was met, answered late or
    cancelled. `history` is its life so far: replayed, it gives the state.
    """

    name: ClockName
    state: ClockState
    started_at: datetime
    budget: timedelta
    due_at: datetime
    fire_at: datetime | None
    warnings_left: tuple[float, ...] = ()
    policy: str = ""
    ended_at: datetime | None = None
    calendar: str = "always"
    paused: timedelta = timedelta(0)
    paused_at: datetime | None = None
    history: tuple[ClockEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockSnapshot:
    """One clock of a case as told to people and targets. `words` say how its due time comes about.

    `ended_at` is when it was met, answered late or cancelled; None while it waits. `paused_at` is since when it stands
    still.
    """

    state: ClockState
    due_at: datetime | None
    started_at: datetime | None = None
    budget_seconds: int = 0
    words: str = ""
    ended_at: datetime | None = None
    paused_at: datetime | None = None
