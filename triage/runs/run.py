"""A run: one policy at work for one case, frozen when it started, and which step is next. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from leitstand.settings import Escalation, Step
from triage.runs import conditions
from triage.runs.conditions import FrozenOnly

Does = Literal["notify", "webhook", "forward", "channel", "resolve", "wait"]


class RunState(StrEnum):
    """running → finished (all steps taken) | stopped (acknowledged, resolved, superseded).

    acknowledged: it begins again if nobody touches the case.
    """

    RUNNING = "running"
    ACKNOWLEDGED = "acknowledged"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class FrozenStep:
    """A step as it was when the run started. `notify` is whom it names, whatever it does there."""

    notify: str
    after: timedelta
    does: Does = "notify"
    only: FrozenOnly | None = None


@dataclass(frozen=True, slots=True)
class FrozenPolicy:
    """A policy as it was when the run started, and the severity that the case had then."""

    steps: tuple[FrozenStep, ...]
    repeat: int
    stop_on: str
    unacknowledge_after: timedelta | None = None
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One policy running for one case; `step` of `round`, both counted from 0, is to be taken at `next_at`.

    `incident` is the incident it tells of, None for a page of the case itself. `waits` says what it waits for beyond
    its time, "" if for nothing.
    """

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
    incident: int | None = None
    waits: str = ""


def begin(
    run_id: int,
    case_number: int,
    name: str,
    policy: Escalation,
    reason: str,
    now: datetime,
    *,
    severity: str = "",
    incident: int | None = None,
) -> Run:
    """A new run, its first step not yet taken."""
    steps = tuple(map(_frozen, policy.steps))
    kept = FrozenPolicy(steps, policy.repeat, policy.stop_on, policy.unacknowledge_after, severity)
    first = now + steps[0].after
    return Run(run_id, case_number, name, kept, reason, RunState.RUNNING, 0, 0, first, now, incident=incident)


def due_text(run: Run) -> str:
    """Which step is meant, for people: `2/3` or `2/3, round 2 of 4`."""
    steps, rounds = len(run.snapshot.steps), run.snapshot.repeat + 1
    return f"{run.step + 1}/{steps}" + (f", round {run.round + 1} of {rounds}" if rounds > 1 else "")


def _frozen(step: Step) -> FrozenStep:
    kinds: tuple[tuple[Does, object], ...] = (
        ("notify", step.notify), ("webhook", step.webhook), ("forward", step.forward), ("channel", step.channel),
        ("resolve", step.resolve), ("wait", step.wait is not None),
    )  # fmt: skip
    does = next(name for name, given in kinds if given)
    return FrozenStep(step.whom, step.wait or step.after, does, conditions.frozen(step.only))
