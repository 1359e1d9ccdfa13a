"""SLA clocks: pure arithmetic. A clock is replaced, never changed.

    idle → running ⇄ paused → met | breached

A clock's due time is always `calendar.after(started_at, budget + paused)`, so that a pause shifts it exactly, and a new
budget from the same start needs nothing else. `fire_at` is never before the moment of planning: what was due before we
saw the post fires at once, and its delay is not ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leitstand.model import Clock, ClockName, ClockState, Severity, TrafficLight
from leitstand.settings import Sla, parse_duration, show_duration
from triage.hours import WorkingTime

AMBER_FROM = 0.75
OPENING_CLOCKS = (ClockName.ACKNOWLEDGE, ClockName.FIRST_RESPONSE, ClockName.RESOLUTION)
_LIVE = (ClockState.RUNNING, ClockState.PAUSED)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One `[[sla]]` entry as it applies: its name is frozen on the clocks that it sets, `text` says what it grants.

    `budgets` are those of the clocks that start with the case; `next_response` starts when the author asks again.
    """

    name: str
    budgets: tuple[tuple[ClockName, timedelta], ...]
    calendar: str = "always"
    warn_at: tuple[float, ...] = (0.75,)
    next_response: timedelta | None = None
    text: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self._words())  # said on every case: worded once

    def _words(self) -> str:
        clocks = [*self.budgets]
        if self.next_response is not None:
            clocks.insert(-1, (ClockName.NEXT_RESPONSE, self.next_response))
        granted = ", ".join(f"{name.replace('_', ' ')} in {show_duration(budget)}" for name, budget in clocks)
        hours = "" if self.calendar == "always" else f", in the hours of {self.calendar}"
        return f"SLA {self.name}: {granted or 'no deadlines'}{hours}"


def _default(severity: Severity, acknowledge: str, first_response: str, resolution: str) -> Agreement:
    limits = map(parse_duration, (acknowledge, first_response, resolution))
    return Agreement(f"default/{severity}", tuple(zip(OPENING_CLOCKS, limits, strict=True)))


# What applies where the file has no entry for a case.
DEFAULTS = {
    Severity.SEV1: _default(Severity.SEV1, "5m", "15m", "4h"),
    Severity.SEV2: _default(Severity.SEV2, "15m", "1h", "8h"),
    Severity.SEV3: _default(Severity.SEV3, "2h", "8h", "2d"),
    Severity.SEV4: _default(Severity.SEV4, "8h", "1d", "5d"),
}


def agreement(entry: Sla) -> Agreement:
    """The compiled form of an entry, named by what it applies to."""
    limits = ((clock, getattr(entry, clock.value)) for clock in OPENING_CLOCKS)
    name = f"{'+'.join(entry.channels) or 'any'}/{'+'.join(entry.severity) or 'any'}"
    budgets = tuple((clock, limit) for clock, limit in limits if limit is not None)
    return Agreement(name, budgets, entry.calendar, tuple(sorted(set(entry.warn_at))), entry.next_response)


def best(entries: Sequence[Sla], channel: str, severity: Severity) -> list[int]:
    """The indexes of the most specific entries that apply: one, none, or several where the file has a tie."""
    fitting = [
        (bool(e.channels) + bool(e.severity), i)
        for i, e in enumerate(entries)
        if (not e.channels or channel in e.channels) and (not e.severity or severity in e.severity)
    ]
    top = max((weight for weight, _ in fitting), default=0)
    return [i for weight, i in fitting if weight == top]


def plan(granted: Agreement, hours: WorkingTime, started_at: datetime, now: datetime) -> tuple[Clock, ...]:
    """The clocks of a case whose post was written at `started_at`. Warnings that lie in the past are left out."""
    return tuple(_start(granted, hours, name, budget, started_at, now) for name, budget in granted.budgets)


def tighten(
    clocks: Iterable[Clock], granted: Agreement, hours: WorkingTime, started_at: datetime, now: datetime
) -> tuple[Clock, ...]:
    """The clocks after the case has become worse: the new budgets from the same start, where that is earlier.

    Clocks that have ended stay as they are; clocks that only the new agreement has are added.
    """
    budgets = dict(granted.budgets)
    if granted.next_response is not None:
        budgets[ClockName.NEXT_RESPONSE] = granted.next_response
    kept = [_tightened(clock, granted, budgets.get(clock.name), hours, now) for clock in clocks]
    known = {clock.name for clock in kept}
    added = [(name, budget) for name, budget in granted.budgets if name not in known]
    return (*kept, *(_start(granted, hours, name, budget, started_at, now) for name, budget in added))


def ask(
    clocks: Mapping[ClockName, Clock], granted: Agreement, hours: WorkingTime, at: datetime, now: datetime
) -> Clock | None:
    """The clock for the next response, if the author's message of `at` starts it: one after all that was answered."""
    first, running = clocks.get(ClockName.FIRST_RESPONSE), clocks.get(ClockName.NEXT_RESPONSE)
    answered = [clock.ended_at for clock in (first, running) if clock is not None]
    if granted.next_response is None or not answered or any(end is None or end >= at for end in answered):
        return None
    return _start(granted, hours, ClockName.NEXT_RESPONSE, granted.next_response, at, now)


def answer(clocks: Mapping[ClockName, Clock], at: datetime) -> Clock | None:
    """The response clock that an answer of `at` ends: the first, else the next; None if no answer is waited for."""
    waiting = [clocks[name] for name in (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE) if name in clocks]
    open_ = next((clock for clock in waiting if clock.ended_at is None), None)
    return meet(open_, at) if open_ is not None and at >= open_.started_at else None


def _tightened(old: Clock, granted: Agreement, budget: timedelta | None, hours: WorkingTime, now: datetime) -> Clock:
    if budget is None or old.state not in _LIVE:
        return old
    new = _start(granted, hours, old.name, budget, old.started_at, now)
    moved = replace(new, state=old.state, paused=old.paused, paused_at=old.paused_at)
    moved = _aim(moved, hours, now)
    return moved if moved.due_at < old.due_at else old


def meet(clock: Clock, at: datetime) -> Clock:
    """The clock after what it waits for happened at `at`. Late is a miss: it stays breached, and says when it ended."""
    if clock.state in (ClockState.MET, ClockState.IDLE) or clock.ended_at is not None:
        return clock
    in_time = at <= clock.due_at or clock.state is ClockState.PAUSED
    return replace(clock, state=ClockState.MET if in_time else ClockState.BREACHED, ended_at=at)


def cancel(clock: Clock, at: datetime) -> Clock:
    """The clock of a case that ended before it was due. One already overdue is a miss all the same."""
    if clock.state not in _LIVE:
        return replace(clock, ended_at=clock.ended_at or at)
    missed = clock.state is ClockState.RUNNING and at > clock.due_at
    return replace(clock, state=ClockState.BREACHED if missed else ClockState.IDLE, ended_at=at)


def pause(clock: Clock, at: datetime) -> Clock:
    """The clock standing still from `at`. One that is already due is left to breach."""
    if clock.state is not ClockState.RUNNING or clock.due_at <= at:
        return clock
    return replace(clock, state=ClockState.PAUSED, paused_at=at)


def resume(clock: Clock, hours: WorkingTime, at: datetime) -> Clock:
    """The clock running again, its due time later by exactly the working time that the pause took."""
    if clock.state is not ClockState.PAUSED or clock.paused_at is None:
        return clock
    paused = clock.paused + hours.between(clock.paused_at, at)
    return _aim(replace(clock, state=ClockState.RUNNING, paused=paused, paused_at=None), hours, at)


def restart(clock: Clock, hours: WorkingTime, at: datetime) -> Clock:
    """The clock of a reopened case: what it was cancelled or met at counts as a pause. A breached one stays so."""
    if clock.ended_at is None or clock.state is ClockState.BREACHED:
        return clock
    since = clock.paused_at or clock.ended_at
    return resume(replace(clock, state=ClockState.PAUSED, paused_at=since, ended_at=None), hours, at)


def fire(clock: Clock, hours: WorkingTime, now: datetime) -> tuple[Clock, float | None]:
    """What a running clock does at `now`: breach (with None), or warn at a fraction and wait for what comes next."""
    if clock.due_at <= now:
        return replace(clock, state=ClockState.BREACHED, warnings_left=()), None
    past = [f for f in clock.warnings_left if _warning_at(clock, hours, f) <= now]
    return _aim(clock, hours, now), max(past, default=0.0)


def light(clocks: Iterable[tuple[Clock, WorkingTime]], now: datetime) -> TrafficLight:
    """Red when a clock is breached, amber when one has used 75 % of its budget, else green."""
    worst = max((_used(clock, hours, now) for clock, hours in clocks), default=0.0)
    return TrafficLight.RED if worst >= 1 else TrafficLight.AMBER if worst >= AMBER_FROM else TrafficLight.GREEN


def _used(clock: Clock, hours: WorkingTime, now: datetime) -> float:
    if clock.state is ClockState.BREACHED:
        return 1.0
    if clock.state not in _LIVE:
        return 0.0
    spent = hours.between(clock.started_at, clock.paused_at or now) - clock.paused
    return spent / clock.budget if clock.budget else 1.0


def _start(
    granted: Agreement, hours: WorkingTime, name: ClockName, budget: timedelta, started_at: datetime, now: datetime
) -> Clock:
    due = hours.after(started_at, budget)
    fire_at, left = _next(granted.warn_at, hours, started_at, budget, timedelta(0), due, now)
    return Clock(
        name, ClockState.RUNNING, started_at, budget, due, fire_at, left, granted.name, calendar=granted.calendar
    )  # fmt: skip


def _aim(clock: Clock, hours: WorkingTime, now: datetime) -> Clock:
    """The clock with its due time computed afresh, its past warnings dropped, and what comes next in `fire_at`."""
    due = hours.after(clock.started_at, clock.budget + clock.paused)
    fire_at, left = _next(clock.warnings_left, hours, clock.started_at, clock.budget, clock.paused, due, now)
    return replace(clock, due_at=due, fire_at=fire_at, warnings_left=left)


def _next(
    warnings: tuple[float, ...],
    hours: WorkingTime,
    start: datetime,
    budget: timedelta,
    paused: timedelta,
    due: datetime,
    now: datetime,
) -> tuple[datetime, tuple[float, ...]]:
    """When something is to be done next, and the warnings that still lie ahead."""
    ahead = [(at, f) for f in warnings if (at := hours.after(start, budget * f + paused)) > now]
    first = min(ahead)[0] if ahead else due
    return (first if first > now else now), tuple([f for _, f in ahead])


def _warning_at(clock: Clock, hours: WorkingTime, fraction: float) -> datetime:
    return hours.after(clock.started_at, clock.budget * fraction + clock.paused)


def how(clock: Clock) -> str:
    """How an ended clock ended: `met after 4m`, `missed: 3m late`."""
    if clock.ended_at is None:
        return clock.state.value
    if clock.state is ClockState.BREACHED:
        return f"missed: {show_duration(clock.ended_at - clock.due_at)} late"
    return f"met after {show_duration(clock.ended_at - clock.started_at)}"
