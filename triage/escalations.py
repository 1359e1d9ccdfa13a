"""Escalation policies at work: pure. A run is a policy frozen when it started, and the next step to take.

    step 0 → (after) → step 1 → … → last step → again, `repeat` times → finished

`after` counts from the step before as it was really taken. A new round whose first step has no `after` of its own
begins as long after the last step as that one waited, at least a minute. A step whose target is gone is noted on the
timeline, and the next one is taken at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from leitstand.model import CaseSnapshot, Notice, NoticeType
from leitstand.settings import Escalation
from triage.policy import Policy
from triage.timeline import Line

_SHORTEST_ROUND = timedelta(minutes=1)


class RunState(StrEnum):
    """running → finished (all steps taken) | stopped (acknowledged, resolved, superseded)."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class FrozenStep:
    """A step as it was when the run started."""

    notify: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class FrozenPolicy:
    """A policy as it was when the run started."""

    steps: tuple[FrozenStep, ...]
    repeat: int
    stop_on: str


@dataclass(frozen=True, slots=True)
class Run:
    """One policy running for one case; `step` of `round` is to be taken at `next_at`."""

    id: int
    case_number: int
    policy: str
    snapshot: FrozenPolicy
    reason: str
    state: RunState
    step: int
    round: int
    next_at: datetime
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Advanced:
    """A run after the steps that were due: whom to tell, and what to note."""

    run: Run
    notices: tuple[Notice, ...]
    lines: tuple[Line, ...]


def begin(run_id: int, case_number: int, name: str, policy: Escalation, reason: str, now: datetime) -> Run:
    """A new run, its first step not yet taken."""
    steps = tuple(FrozenStep(step.notify, step.after) for step in policy.steps)
    frozen = FrozenPolicy(steps, policy.repeat, policy.stop_on)
    return Run(run_id, case_number, name, frozen, reason, RunState.RUNNING, 0, 0, now + steps[0].after, now)


def advance(run: Run, case: CaseSnapshot, policy: Policy, now: datetime) -> Advanced:
    """Take every step that is due at `now`."""
    notices: list[Notice] = []
    lines: list[Line] = []
    while run.state is RunState.RUNNING and run.next_at <= now:
        told = _targets(run.snapshot.steps[run.step].notify, policy)
        notices += [_notice(run, target, case) for target in told]
        lines.append(_noted(run, told, now))
        run = _next(run, now, at_once=not told)
        if run.state is RunState.FINISHED:
            lines.append(_ended(run, now))
    return Advanced(run, tuple(notices), tuple(lines))


def due_text(run: Run) -> str:
    """Which step is meant, for people: `2/3` or `2/3, round 2 of 4`."""
    steps, rounds = len(run.snapshot.steps), run.snapshot.repeat + 1
    return f"{run.step + 1}/{steps}" + (f", round {run.round + 1} of {rounds}" if rounds > 1 else "")


def _targets(name: str, policy: Policy) -> tuple[str, ...]:
    """The targets behind a step's name: itself, or those of the team; none where it has left the file."""
    if name in policy.targets:
        return (name,)
    return tuple(target for target in policy.forward(name) if target in policy.targets)


def _notice(run: Run, target: str, case: CaseSnapshot) -> Notice:
    purpose = f"escalation:{run.policy}:{run.id}:{run.round}:{run.step}"
    label = due_text(run)
    reason = f"escalation {run.policy}, step {label}: {run.reason}"
    return Notice(target, case, NoticeType.CASE_ESCALATED, purpose, reason, step=label)


def _noted(run: Run, told: tuple[str, ...], now: datetime) -> Line:
    name, label = run.snapshot.steps[run.step].notify, due_text(run)
    data = {"policy": run.policy, "step": label, "notify": name, "targets": ", ".join(told)}
    if told:
        said = f"escalation {run.policy}, step {label}: telling {', '.join(told)}"
        return Line(run.case_number, "escalation_step", now, said, data=data)
    said = f"escalation {run.policy}, step {label} failed: no target or team is named {name!r}; on to the next at once"
    return Line(run.case_number, "escalation_step_failed", now, said, data=data)


def _ended(run: Run, now: datetime) -> Line:
    said = f"escalation {run.policy}: all steps are taken and nobody has {run.snapshot.stop_on} the case"
    return Line(run.case_number, "escalation_finished", now, said, data={"policy": run.policy})


def _next(run: Run, now: datetime, *, at_once: bool) -> Run:
    steps = run.snapshot.steps
    if run.step + 1 < len(steps):
        wait = timedelta(0) if at_once else steps[run.step + 1].after
        return replace(run, step=run.step + 1, next_at=now + wait)
    if run.round < run.snapshot.repeat:
        # A policy whose targets are all gone must not go through its rounds at once either.
        wait = steps[0].after or max(steps[-1].after, _SHORTEST_ROUND)
        return replace(run, step=0, round=run.round + 1, next_at=now + wait)
    return replace(run, state=RunState.FINISHED, ended_at=now)


def superseded_by(severity: str, escalation: Mapping[str, Escalation]) -> list[str]:
    """The policies that a case of this severity no longer has: those of the milder ones."""
    return [name for name in escalation if name.startswith("sev") and name > severity]
