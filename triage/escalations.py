"""Escalation policies at work: pure. A run is a policy frozen when it started, and the next step to take.

    step 0 → (after) → step 1 → … → last step → again, `repeat` times → finished
       └─ its conditions do not hold: skipped, or waited for      └─ a silence covers the case: waits for its end

`after` counts from the step before as it was really taken. A new round whose first step has no `after` of its own
begins as long after the last step as that one waited, at least a minute. A step whose target is gone is noted on the
timeline, and the next one is taken at once: nothing that fails holds up the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from leitstand.model import CaseSnapshot, Notice, NoticeType
from leitstand.settings import Escalation, Step
from triage import conditions, silences
from triage.conditions import NOTHING_COUNTED, FrozenOnly
from triage.policy import ON_CALL, Policy
from triage.silences import Silence
from triage.timeline import Line

SHORTEST_ROUND = timedelta(minutes=1)

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
    """One policy running for one case; `step` of `round` is to be taken at `next_at`.

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


@dataclass(frozen=True, slots=True)
class Do:
    """What a step does to its case, as a person would: `forward` or `resolve`."""

    case_number: int
    action: Literal["forward", "resolve"]
    policy: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """A run after the steps that were due: whom to tell, what to note, and what to do to the case."""

    run: Run
    notices: tuple[Notice, ...]
    lines: tuple[Line, ...]
    does: tuple[Do, ...] = ()


@dataclass(slots=True)
class _Taken:
    """What the steps taken so far have come to."""

    notices: list[Notice]
    lines: list[Line]
    does: list[Do]


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


def advance(
    run: Run,
    case: CaseSnapshot,
    policy: Policy,
    now: datetime,
    open_silences: Sequence[Silence] = (),
    counts: Mapping[str, int] = NOTHING_COUNTED,
) -> Advanced:
    """Take every step that is due at `now`. `counts` are what its conditions want to have counted, by their keys."""
    taken = _Taken([], [], [])
    while run.state is RunState.RUNNING and run.next_at <= now:
        run = _take(run, case, policy, now, open_silences, counts, taken)
        if run.state is RunState.FINISHED:
            taken.lines.append(_ended(run, now))
    return Advanced(run, tuple(taken.notices), tuple(taken.lines), tuple(taken.does))


def due_text(run: Run) -> str:
    """Which step is meant, for people: `2/3` or `2/3, round 2 of 4`."""
    steps, rounds = len(run.snapshot.steps), run.snapshot.repeat + 1
    return f"{run.step + 1}/{steps}" + (f", round {run.round + 1} of {rounds}" if rounds > 1 else "")


def targets(name: str, team: str, policy: Policy, now: datetime) -> tuple[str, ...]:
    """The targets behind a step's name: itself, those of the team, or who is on call; none where it is gone."""
    if name in policy.targets:
        return (name,)
    rota = policy.rota_of(team) if name == ON_CALL else policy.rotas.get(name)
    if rota is not None:
        person = rota.on_call(now)
        return (person,) if person in policy.targets and person is not None else ()
    return tuple(target for target in policy.forward(name) if target in policy.targets)


def superseded_by(severity: str, escalation: Mapping[str, Escalation]) -> list[str]:
    """The policies that a case of this severity no longer has: those of the milder ones."""
    return [name for name in escalation if name.startswith("sev") and name > severity]


def _frozen(step: Step) -> FrozenStep:
    kinds: tuple[tuple[Does, object], ...] = (
        ("notify", step.notify), ("webhook", step.webhook), ("forward", step.forward), ("channel", step.channel),
        ("resolve", step.resolve), ("wait", step.wait is not None),
    )  # fmt: skip
    does = next(name for name, given in kinds if given)
    return FrozenStep(step.whom, step.wait or step.after, does, conditions.frozen(step.only))


def _take(
    run: Run,
    case: CaseSnapshot,
    policy: Policy,
    now: datetime,
    open_silences: Sequence[Silence],
    counts: Mapping[str, int],
    taken: _Taken,
) -> Run:
    """One step: skipped, waited for, or taken."""
    step = run.snapshot.steps[run.step]
    silence = silences.longest(open_silences, case, run.policy, now)
    if silence is not None:
        why = silences.waits_for(silence)
        said = f"{why} by {silence.owner} until {silence.ends_at:%Y-%m-%d %H:%M} UTC ({silence.reason})"
        return _wait(run, why, said, silence.ends_at, now, taken)
    if step.only is not None:
        missing = conditions.unmet(step.only, case, run.snapshot.severity, policy.zone, now, counts)
        if missing and step.only.otherwise == "wait":
            return _wait(run, missing, missing, conditions.look_again_at(step.only, policy.zone, now), now, taken)
        if missing:
            taken.lines.append(_line(run, "escalation_step_skipped", now, f"skipped: {missing}", why=missing))
            return _next(replace(run, waits=""), now, at_once=True)
    run = replace(run, waits="")
    return _next(run, now, at_once=not _act(run, step, case, policy, now, taken))


def _act(run: Run, step: FrozenStep, case: CaseSnapshot, policy: Policy, now: datetime, taken: _Taken) -> bool:
    """Do what the step does. False if it tells nobody and the next one is to be taken at once."""
    if step.does == "wait":
        return True
    reason = f"escalation {run.policy}, step {due_text(run)}: {run.reason}"
    if step.does == "resolve":
        taken.does.append(Do(run.case_number, "resolve", run.policy, "", reason))
        taken.lines.append(_line(run, "escalation_step", now, "resolving the case"))
        return True
    told = targets(step.notify, case.team, policy, now)
    invited = _invited(case, policy, now) if step.does == "channel" else ()
    taken.lines.append(_noted(run, told, now))
    if step.does == "forward" and told:
        taken.does += [Do(run.case_number, "forward", run.policy, target, reason) for target in told]
        return True
    taken.notices += [_notice(run, step, target, case, reason, invited) for target in told]
    return bool(told)


def _notice(
    run: Run, step: FrozenStep, target: str, case: CaseSnapshot, reason: str, invited: tuple[str, ...]
) -> Notice:
    purpose = f"escalation:{run.policy}:{run.id}:{run.round}:{run.step}"
    kind = NoticeType.INCIDENT_OPENED if run.incident is not None else NoticeType.CASE_ESCALATED
    room = f"{case.team}-{case.severity.value}-{case.number}" if step.does == "channel" else ""
    return Notice(target, case, kind, purpose, reason, step=due_text(run), room=room, invited=invited)


def _invited(case: CaseSnapshot, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Who belongs into a case's own channel: the team, whoever is on call for it, and who has the case."""
    rota = policy.rota_of(case.team)
    return tuple(filter(None, dict.fromkeys((case.team, rota.on_call(now) if rota else None, case.assignee))))


def _wait(run: Run, why: str, said: str, until: datetime, now: datetime, taken: _Taken) -> Run:
    """Wait for something other than time; said once for each thing."""
    if run.waits != why:
        taken.lines.append(_line(run, "escalation_step_waits", now, f"waits: {said}", why=why))
    return replace(run, waits=why, next_at=max(until, now + timedelta(seconds=1)))


def _line(run: Run, kind: str, now: datetime, said: str, **data: str) -> Line:
    label = due_text(run)
    told = f"escalation {run.policy}, step {label}{': ' if kind == 'escalation_step' else ' '}{said}"
    return Line(run.case_number, kind, now, told, data={"policy": run.policy, "step": label, **data})


def _noted(run: Run, told: tuple[str, ...], now: datetime) -> Line:
    name = run.snapshot.steps[run.step].notify
    data = {"notify": name, "targets": ", ".join(told)}
    if told:
        verb = {"forward": "forwarding to", "channel": "opening a channel at"}
        does = verb.get(run.snapshot.steps[run.step].does, "telling")
        return _line(run, "escalation_step", now, f"{does} {', '.join(told)}", **data)
    failed = f"failed: no target or team is named {name!r}; on to the next at once"
    return _line(run, "escalation_step_failed", now, failed, **data)


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
        wait = steps[0].after or max(steps[-1].after, SHORTEST_ROUND)
        return replace(run, step=0, round=run.round + 1, next_at=now + wait)
    return replace(run, state=RunState.FINISHED, ended_at=now)
