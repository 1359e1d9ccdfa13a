"""SLA clocks: pure arithmetic. A clock is replaced, never changed, and its history says how it came to be as it is.

    idle → running ⇄ paused → met | breached

A clock's due time is always `calendar.after(started_at, budget + paused)`, so that a pause shifts it exactly, and a new
budget from the same start needs nothing else. `fire_at` is never before the moment of planning: what was due before we
saw the post fires at once, and its delay is not ours. A breached clock that nothing has ended yet still has reminders;
while its case waits they wait too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from leitstand.model import Clock, ClockEvent, ClockName, ClockState, TrafficLight
from leitstand.settings import show_duration
from triage.agreements import Agreement
from triage.hours import WorkingTime

AMBER_FROM = 0.75
RESPONSES = (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE)
_LIVE = (ClockState.RUNNING, ClockState.PAUSED)


def plan(granted: Agreement, hours: WorkingTime, started_at: datetime, now: datetime) -> tuple[Clock, ...]:
    """The clocks of a case whose post was written at `started_at`. Warnings that lie in the past are left out.

    A post dated into the future, by a network's wrong clock, starts them now.
    """
    started_at = min(started_at, now)
    return tuple(start(granted, hours, name, budget, started_at, now) for name, budget in granted.budgets)


def start(
    granted: Agreement, hours: WorkingTime, name: ClockName, budget: timedelta, started_at: datetime, now: datetime
) -> Clock:
    """One clock, running since `started_at`."""
    due = hours.after(started_at, budget)
    left, next_mark = _ahead(granted.marks, hours, started_at, budget, timedelta(0), now)
    fire_at = max(min(due, next_mark or due), now)
    history = (ClockEvent(started_at, "started", due),)
    return Clock(
        name, ClockState.RUNNING, started_at, budget, due, fire_at, left, granted.version or granted.name, None,
        granted.calendar, history=history,
    )  # fmt: skip


def tighten(
    clocks: Iterable[Clock],
    granted: Agreement,
    hours: WorkingTime,
    started_at: datetime,
    now: datetime,
    *,
    waits: bool = False,
) -> tuple[Clock, ...]:
    """The clocks after the case has become worse: the new budgets from the same start, where that is earlier.

    Clocks that have ended stay as they are; clocks that only the new agreement has are added, standing still if the
    case waits.
    """
    kept = []
    for clock in clocks:
        moved = _moved(clock, granted, hours, now)
        kept.append(moved if moved.due_at < clock.due_at else clock)
    return _with_added(kept, granted, hours, started_at, now, waits=waits)


def adopt(
    clocks: Iterable[Clock],
    granted: Agreement,
    hours: WorkingTime,
    started_at: datetime,
    now: datetime,
    *,
    waits: bool = False,
) -> tuple[Clock, ...]:
    """The clocks of a case that changes over to another agreement, earlier or later. What is breached stays so."""
    kept = []
    for clock in clocks:
        gone = clock.state in _LIVE and granted.budget(clock.name) is None
        kept.append(cancel(clock, now) if gone else _moved(clock, granted, hours, now))
    return _with_added(kept, granted, hours, started_at, now, waits=waits)


def _with_added(
    kept: Sequence[Clock], granted: Agreement, hours: WorkingTime, started_at: datetime, now: datetime, *, waits: bool
) -> tuple[Clock, ...]:
    """These, and those that only the new agreement has."""
    known, begun = {clock.name for clock in kept}, min(started_at, now)
    added = [start(granted, hours, name, b, begun, now) for name, b in granted.budgets if name not in known]
    return (*kept, *(pause(clock, now) if waits else clock for clock in added))


def _moved(old: Clock, granted: Agreement, hours: WorkingTime, now: datetime) -> Clock:
    """A live clock with the agreement's budget for it, its start and its pauses kept."""
    budget = granted.budget(old.name)
    if budget is None or old.state not in _LIVE:
        return old
    version, calendar = granted.version or granted.name, granted.calendar
    moved = replace(old, budget=budget, policy=version, calendar=calendar, warnings_left=granted.marks)
    moved = _aim(replace(moved, due_at=hours.after(old.started_at, budget + old.paused)), hours, now)
    return _told(moved, "recomputed", now) if moved.due_at != old.due_at else moved


def ask(
    clocks: Mapping[ClockName, Clock], granted: Agreement, hours: WorkingTime, at: datetime, now: datetime
) -> Clock | None:
    """The clock for the next response, if the author's message of `at` starts it: one after all that was answered."""
    first, running = clocks.get(ClockName.FIRST_RESPONSE), clocks.get(ClockName.NEXT_RESPONSE)
    answered = [clock.ended_at for clock in (first, running) if clock is not None]
    if granted.next_response is None or not answered or any(end is None or end >= at for end in answered):
        return None
    return _again(running, start(granted, hours, ClockName.NEXT_RESPONSE, granted.next_response, at, now))


def hand_over(clocks: Mapping[ClockName, Clock], granted: Agreement, hours: WorkingTime, now: datetime) -> Clock | None:
    """The clock for the department's acceptance, if forwarding at `now` starts it: one hand-over at a time."""
    running = clocks.get(ClockName.FORWARD_ACCEPTED)
    if granted.forward_accepted is None or (running is not None and running.ended_at is None):
        return None
    return _again(running, start(granted, hours, ClockName.FORWARD_ACCEPTED, granted.forward_accepted, now, now))


def _again(before: Clock | None, clock: Clock) -> Clock:
    """A clock that starts anew keeps what happened to it before."""
    return replace(clock, history=before.history + clock.history) if before is not None else clock


def answer(clocks: Mapping[ClockName, Clock], at: datetime) -> Clock | None:
    """The response clock that an answer of `at` ends: the first, else the next; None if no answer is waited for."""
    open_ = next((clocks[name] for name in RESPONSES if name in clocks and clocks[name].ended_at is None), None)
    return meet(open_, at) if open_ is not None and at >= open_.started_at else None


def meet(clock: Clock, at: datetime) -> Clock:
    """The clock after what it waits for happened at `at`. Late is a miss: it stays breached, and says when it ended."""
    if clock.state in (ClockState.MET, ClockState.IDLE) or clock.ended_at is not None:
        return clock
    in_time = at <= clock.due_at or clock.state is ClockState.PAUSED
    ended = _ended(clock, ClockState.MET if in_time else ClockState.BREACHED, at)
    return _told(ended, "met" if in_time else "late", at)


def cancel(clock: Clock, at: datetime, event: str = "cancelled") -> Clock:
    """The clock of a case that ended before it was due. One already overdue is a miss all the same."""
    if clock.ended_at is not None:
        return clock
    missed = clock.state is ClockState.BREACHED or (clock.state is ClockState.RUNNING and at > clock.due_at)
    ended = _ended(clock, ClockState.BREACHED if missed else ClockState.IDLE, at)
    return _told(ended, "late" if missed else event, at)


def withdraw(clock: Clock, at: datetime) -> Clock:
    """The clock when there is nobody to answer any more. Reopening the case does not bring it back."""
    return cancel(clock, at, "withdrawn")


def _ended(clock: Clock, state: ClockState, at: datetime) -> Clock:
    return replace(clock, state=state, ended_at=at, fire_at=None)


def pause(clock: Clock, at: datetime) -> Clock:
    """The clock standing still from `at`. One that is already due is left to breach; a breached one stops reminding."""
    if clock.state is ClockState.BREACHED and clock.ended_at is None and clock.paused_at is None:
        return _told(replace(clock, paused_at=at, fire_at=None), "paused", at)
    if clock.state is not ClockState.RUNNING or clock.due_at <= at:
        return clock
    return _told(replace(clock, state=ClockState.PAUSED, paused_at=at, fire_at=None), "paused", at)


def resume(clock: Clock, hours: WorkingTime, at: datetime) -> Clock:
    """The clock running again, its due time later by exactly the working time that the pause took."""
    if clock.paused_at is None or clock.ended_at is not None:
        return clock
    paused = clock.paused + hours.between(clock.paused_at, at)
    on = replace(clock, paused=paused, paused_at=None)
    if clock.state is ClockState.PAUSED:
        on = replace(on, state=ClockState.RUNNING, due_at=hours.after(clock.started_at, clock.budget + paused))
    return _told(_aim(on, hours, at), "resumed", at)


def runs_again(clock: Clock) -> bool:
    """Whether reopening a case starts this clock. A new message or hand-over starts the later ones."""
    if clock.name in (ClockName.NEXT_RESPONSE, ClockName.FORWARD_ACCEPTED):
        return False
    return clock.name is ClockName.RESOLUTION or clock.state is ClockState.IDLE


def restart(clock: Clock, hours: WorkingTime, at: datetime) -> Clock:
    """The clock of a reopened case: what it was cancelled or met at counts as a pause. A breached one stays so."""
    if clock.ended_at is None or clock.state is ClockState.BREACHED or _last(clock) == "withdrawn":
        return clock
    since = clock.paused_at or clock.ended_at
    on = replace(clock, paused=clock.paused + hours.between(since, at), paused_at=None, ended_at=None)
    on = replace(on, state=ClockState.RUNNING, due_at=hours.after(on.started_at, on.budget + on.paused))
    return _told(_aim(on, hours, at), "restarted", at)


def fire(clock: Clock, hours: WorkingTime, now: datetime) -> tuple[Clock, float | None]:
    """What a clock does at `now`: breach (with None), or tell of a fraction and wait for what comes next.

    A fraction above 1 is a reminder of the breach; 0 is nothing yet.
    """
    if clock.state is ClockState.RUNNING and clock.due_at <= now:
        left = tuple(mark for mark in clock.warnings_left if mark > 1)
        breached = replace(clock, state=ClockState.BREACHED, warnings_left=left)
        return _told(_aim(breached, hours, now), "breached", now), None
    past = max((mark for mark in clock.warnings_left if _mark_at(clock, hours, mark) <= now), default=0.0)
    aimed = _aim(clock, hours, now)
    return (_told(aimed, "reminded" if past > 1 else "warned", now) if past else aimed), past


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


def _aim(clock: Clock, hours: WorkingTime, now: datetime) -> Clock:
    """The clock with its past marks dropped, and in `fire_at` when it is to be looked at next."""
    if clock.paused_at is not None:
        return replace(clock, fire_at=None)
    left, next_mark = _ahead(clock.warnings_left, hours, clock.started_at, clock.budget, clock.paused, now)
    coming = [next_mark] if next_mark else []
    if clock.state is ClockState.RUNNING:
        coming.append(clock.due_at)
    return replace(clock, fire_at=max(min(coming), now) if coming else None, warnings_left=left)


def _ahead(
    marks: tuple[float, ...], hours: WorkingTime, since: datetime, budget: timedelta, paused: timedelta, now: datetime
) -> tuple[tuple[float, ...], datetime | None]:
    """The marks that lie ahead, and when the first of them is."""
    for place, mark in enumerate(marks):
        if (at := hours.after(since, budget * mark + paused)) > now:
            return marks[place:], at
    return (), None


def _mark_at(clock: Clock, hours: WorkingTime, fraction: float) -> datetime:
    return hours.after(clock.started_at, clock.budget * fraction + clock.paused)


def _told(clock: Clock, event: str, at: datetime) -> Clock:
    return replace(clock, history=(*clock.history, ClockEvent(at, event, clock.due_at)))


def _last(clock: Clock) -> str:
    return clock.history[-1].event if clock.history else ""


def how(clock: Clock) -> str:
    """How an ended clock ended: `met after 4m`, `missed: 3m late`."""
    if clock.ended_at is None:
        return clock.state.value
    if clock.state is ClockState.BREACHED:
        return f"missed: {show_duration(clock.ended_at - clock.due_at)} late"
    return f"met after {show_duration(clock.ended_at - clock.started_at)}"
