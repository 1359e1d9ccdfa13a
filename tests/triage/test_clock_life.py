"""A clock's whole life against a slow reference that counts working minutes one by one, calendars and DST included."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import Clock, ClockName, ClockState
from leitstand.settings import Calendar
from triage import sla
from triage.agreements import Agreement
from triage.hours import ALWAYS, WorkingTime, working_hours
from triage.replay import ClockStanding, replay_clock

MINUTE = timedelta(minutes=1)
# A Friday noon before summer time begins, before it ends, and before Christmas.
STARTS = [datetime(2026, 3, 27, 11, 0, tzinfo=UTC), datetime(2026, 10, 23, 11, 0, tzinfo=UTC)]
STARTS += [datetime(2026, 12, 23, 11, 0, tzinfo=UTC)]


def _calendar(**keys: object) -> WorkingTime:
    return working_hours(Calendar.model_validate({"timezone": "Europe/Berlin", **keys}))


CALENDARS = {
    "always": ALWAYS,
    "office": _calendar(hours={"mon-fri": ["08:00-12:00", "13:00-18:00"]}, holidays="DE-BY"),
    "night": _calendar(hours={"mon-sun": ["00:00-04:00", "22:00-24:00"]}, exceptions={"2026-12-24": ["01:00-03:30"]}),
}


@dataclass
class Slow:
    """The reference: it looks at the calendar every minute, and knows no arithmetic."""

    hours: WorkingTime
    budget: int
    at: datetime
    worked: int = 0
    paused: bool = False
    ended: bool = False
    breached: bool = False
    told: list[float] = field(default_factory=list)

    def live(self, until: datetime, marks: tuple[float, ...]) -> None:
        """Let the minutes pass. What is used up in a minute is told at its end."""
        while self.at < until:
            counts = self.hours.between(self.at, self.at + MINUTE) == MINUTE
            self.at += MINUTE
            if self.paused or self.ended or not counts:
                continue
            self.worked += 1
            self.breached = self.breached or self.worked == self.budget
            self.told += [mark for mark in marks if self.worked == mark * self.budget]


def sweep(clock: Clock, hours: WorkingTime, until: datetime) -> tuple[Clock, list[float]]:
    """Fire whatever is due until then, each at its moment; what was told, without the breach itself."""
    told = []
    while clock.fire_at is not None and clock.fire_at <= until:
        clock, fraction = sla.fire(clock, hours, clock.fire_at)
        told += [fraction] if fraction else []
    return clock, told


steps = st.lists(st.tuples(st.sampled_from(["pause", "resume", "wait"]), st.integers(1, 1500)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(STARTS), st.sampled_from(sorted(CALENDARS)), st.integers(1, 60).map(lambda n: 20 * n), steps)
def test_a_clock_equals_the_minute_by_minute_reference(
    started: datetime, name: str, budget: int, steps: list[tuple[str, int]]
) -> None:
    hours = CALENDARS[name]
    granted = Agreement("a", ((ClockName.RESOLUTION, budget * MINUTE),), name, (0.5, 0.75, 0.9), remind_at=(1.5, 2.0))
    (clock,) = sla.plan(granted, hours, started, started)
    slow, told = Slow(hours, budget, started), []
    for step, minutes in [*steps, ("resume", 1), ("wait", 3000)]:
        until = slow.at + minutes * MINUTE
        slow.live(until, granted.marks)
        clock, found = sweep(clock, hours, until)
        told += found
        if step == "pause":
            clock, slow.paused = sla.pause(clock, until), True
        if step == "resume":
            clock, slow.paused = sla.resume(clock, hours, until), False
        assert told == slow.told
        assert (clock.state is ClockState.BREACHED) is slow.breached
        assert (clock.paused_at is not None) is slow.paused
        assert hours.between(started, clock.paused_at or slow.at) - clock.paused == slow.worked * MINUTE
        assert replay_clock(clock.history) == stands(clock)


changes = st.sampled_from(["pause", "resume", "meet", "cancel", "withdraw", "restart", "fire", "tighten", "adopt"])


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(CALENDARS)), st.lists(st.tuples(changes, st.integers(0, 600)), max_size=12))
def test_whatever_happens_its_history_explains_a_clock(name: str, steps: list[tuple[str, int]]) -> None:
    hours, at = CALENDARS[name], STARTS[0]
    granted = Agreement("a", ((ClockName.FIRST_RESPONSE, 120 * MINUTE),), name)
    other = Agreement("b", ((ClockName.FIRST_RESPONSE, 60 * MINUTE),), name)
    (clock,) = sla.plan(granted, hours, at, at)
    for step, minutes in steps:
        at += minutes * MINUTE
        match step:
            case "meet" | "cancel" | "withdraw" | "pause":
                clock = getattr(sla, step)(clock, at)
            case "resume" | "restart":
                clock = getattr(sla, step)(clock, hours, at)
            case "fire" if clock.fire_at is not None and clock.fire_at <= at:
                clock, _ = sla.fire(clock, hours, at)
            case "tighten" | "adopt":
                (clock,) = getattr(sla, step)([clock], other, hours, STARTS[0], at)
        assert replay_clock(clock.history) == stands(clock)
        assert clock.fire_at is None or (clock.ended_at is None and clock.paused_at is None)
        assert clock.state is not ClockState.RUNNING or clock.fire_at is not None


def stands(clock: Clock) -> ClockStanding:
    """What the clock itself says of how it stands."""
    return ClockStanding(clock.state, clock.due_at, clock.paused_at is not None, clock.ended_at)
