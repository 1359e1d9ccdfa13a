"""What comes of escalation steps: what they do to their case, and what became of telling somebody.

A step that cannot be done, or that reached nobody, is noted on the timeline, and the next one is taken at once.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import Notice
from triage import timeline
from triage.actions import act
from triage.policy import Policy
from triage.runs import advancing
from triage.runs.steps import Do
from triage.timeline import Line

_STEP = re.compile(r"escalation (\S+), step (\d+)/")


class Answer(Protocol):
    """What became of a step at one target; what has the fields fits."""

    @property
    def case_number(self) -> int: ...
    @property
    def target(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def ended_at(self) -> datetime: ...
    @property
    def error(self) -> str: ...
    @property
    def room(self) -> str: ...


def do(connection: Connection, does: Sequence[Do], policy: Policy, now: datetime) -> list[Notice]:
    """Do to the cases what steps do; returns whom to tell."""
    notices: list[Notice] = []
    for step in does:
        try:
            acted = act(
                connection, step.case_number, step.action, actor=timeline.SYSTEM, now=now, policy=policy,
                value=step.value, text=step.text,
            )  # fmt: skip
        except (StateError, InputError, NotFoundError) as error:
            said = f"escalation {step.policy}: {step.action} failed: {error}"
            data = {"policy": step.policy, "action": step.action}
            timeline.append(connection, [Line(step.case_number, "escalation_step_failed", now, said, data=data)])
            continue
        notices += acted.notices
    return notices


def note_answers(connection: Connection, answers: Iterable[Answer], now: datetime) -> None:
    """Note on the timelines what became of steps; one that reached nobody hurries the next."""
    lines: list[Line] = []
    for answer in answers:
        found = _STEP.match(answer.reason)
        policy = found[1] if found else ""
        data = {"policy": policy, "step": answer.step, "target": answer.target}
        if not answer.error:
            said = f"escalation {policy}, step {answer.step}: {answer.target} has it"
            if answer.room:
                said, data["room"] = f"{said}, in a channel of its own: {answer.room}", answer.room
            lines.append(Line(answer.case_number, "escalation_told", answer.ended_at, said, data=data))
            continue
        hurried = found is not None and advancing.hurry(connection, answer.case_number, policy, int(found[2]), now)
        said = f"escalation {policy}, step {answer.step}: {answer.target} could not be told ({answer.error})"
        said += "; on to the next at once" if hurried else ""
        data["error"] = answer.error
        lines.append(Line(answer.case_number, "escalation_step_failed", now, said, data=data))
    timeline.append(connection, lines)
