"""Escalation policies at work: pure. A run is a policy frozen when it started, and the next step to take.

    step 0 → (after) → step 1 → … → last step → again, `repeat` times → finished
       └─ its conditions do not hold: skipped, or waited for      └─ a silence covers the case: waits for its end

`after` counts from the step before as it was really taken. A new round whose first step has no `after` of its own
begins as long after the last step as that one waited, at least a minute. A step whose target is gone is noted on the
timeline, and the next one is taken at once: nothing that fails holds up the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from leitstand.model import CaseSnapshot, Notice, NoticeType
from triage.policy import Policy
from triage.runs import conditions, silences, whom
from triage.runs.conditions import NOTHING_COUNTED
from triage.runs.run import FrozenStep, Run, RunState, due_text
from triage.runs.silences import Silence
from triage.timeline import Line

SHORTEST_ROUND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Do:
    """What a step does to its case, as a person would: `forward` to the target `value`, or `resolve`."""

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
class _Turn:
    """What the steps of one turn go by, and what they have come to so far."""

    case: CaseSnapshot
    policy: Policy
    now: datetime
    silences: Sequence[Silence]
    counts: Mapping[str, int]
    notices: list[Notice] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    does: list[Do] = field(default_factory=list)

    def note(self, run: Run, kind: str, said: str, **data: str) -> None:
        label = due_text(run)
        told = f"escalation {run.policy}, step {label}{': ' if kind == 'escalation_step' else ' '}{said}"
        given = {"policy": run.policy, "step": label, **data}
        self.lines.append(Line(run.case_number, kind, self.now, told, data=given))


def advance(
    run: Run,
    case: CaseSnapshot,
    policy: Policy,
    now: datetime,
    open_silences: Sequence[Silence] = (),
    counts: Mapping[str, int] = NOTHING_COUNTED,
) -> Advanced:
    """Take every step that is due at `now`. `counts` are what its conditions want to have counted, by their keys."""
    turn = _Turn(case, policy, now, open_silences, counts)
    while run.state is RunState.RUNNING and run.next_at <= now:
        run = _take(turn, run)
        if run.state is RunState.FINISHED:
            turn.lines.append(_ended(run, now))
    return Advanced(run, tuple(turn.notices), tuple(turn.lines), tuple(turn.does))


def _take(turn: _Turn, run: Run) -> Run:
    """One step: skipped, waited for, or taken."""
    step = run.snapshot.steps[run.step]
    silence = silences.longest(turn.silences, turn.case, run.policy, turn.now)
    if silence is not None:
        why = silences.waits_for(silence)
        said = f"{why} by {silence.owner} until {silence.ends_at:%Y-%m-%d %H:%M} UTC ({silence.reason})"
        return _wait(turn, run, why, said, silence.ends_at)
    if step.only is not None:
        zone = turn.policy.zone
        missing = conditions.unmet(step.only, turn.case, run.snapshot.severity, zone, turn.now, turn.counts)
        if missing and step.only.otherwise == "wait":
            return _wait(turn, run, missing, missing, conditions.look_again_at(step.only, zone, turn.now))
        if missing:
            turn.note(run, "escalation_step_skipped", f"skipped: {missing}", why=missing)
            return _next(replace(run, waits=""), turn.now, at_once=True)
    run = replace(run, waits="")
    return _next(run, turn.now, at_once=not _act(turn, run, step))


def _act(turn: _Turn, run: Run, step: FrozenStep) -> bool:
    """Do what the step does. False if it tells nobody and the next one is to be taken at once."""
    if step.does == "wait":
        return True
    reason = f"escalation {run.policy}, step {due_text(run)}: {run.reason}"
    if step.does == "resolve":
        turn.does.append(Do(run.case_number, "resolve", run.policy, "", reason))
        turn.note(run, "escalation_step", "resolving the case")
        return True
    told = whom.targets(step.notify, turn.case.team, turn.policy, turn.now)
    _note_told(turn, run, step, told)
    if step.does == "forward":
        turn.does += [Do(run.case_number, "forward", run.policy, target, reason) for target in told]
    else:
        turn.notices += _notices(turn, run, step, told, reason)
    return bool(told)


def _notices(turn: _Turn, run: Run, step: FrozenStep, told: Sequence[str], reason: str) -> list[Notice]:
    case, own_channel = turn.case, step.does == "channel"
    kind = NoticeType.INCIDENT_OPENED if run.incident is not None else NoticeType.CASE_ESCALATED
    purpose = f"escalation:{run.policy}:{run.id}:{run.round}:{run.step}"
    room = f"{case.team}-{case.severity.value}-{case.number}" if own_channel else ""
    invited = whom.invited(case, turn.policy, turn.now) if own_channel else ()
    return [
        Notice(target, case, kind, purpose, reason, step=due_text(run), room=room, invited=invited) for target in told
    ]


def _note_told(turn: _Turn, run: Run, step: FrozenStep, told: Sequence[str]) -> None:
    listed = ", ".join(told)
    data = {"notify": step.notify, "targets": listed}
    if told:
        verb = {"forward": "forwarding to", "channel": "opening a channel at"}
        turn.note(run, "escalation_step", f"{verb.get(step.does, 'telling')} {listed}", **data)
    else:
        said = f"failed: no target or team is named {step.notify!r}; on to the next at once"
        turn.note(run, "escalation_step_failed", said, **data)


def _wait(turn: _Turn, run: Run, why: str, said: str, until: datetime) -> Run:
    """Wait for something other than time; said once for each thing."""
    if run.waits != why:
        turn.note(run, "escalation_step_waits", f"waits: {said}", why=why)
    return replace(run, waits=why, next_at=max(until, turn.now + timedelta(seconds=1)))


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
