"""A locked case in somebody's hands: what an action may do to it, and how the result is written."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from leitstand.errors import InputError, StateError
from leitstand.model import CaseSnapshot, CaseState, ClockName, Notice, NoticeType
from triage import clocks, records, sla, timeline
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs import starting
from triage.snapshot import snapshot
from triage.telling import forward
from triage.timeline import Line


@dataclass(frozen=True, slots=True)
class Acted:
    """The case after an action, and whom to tell. `changed` is False where there was nothing to do."""

    case: CaseSnapshot
    notices: tuple[Notice, ...] = ()
    changed: bool = True


@dataclass(slots=True)
class Act:
    """A locked case in somebody's hands: what is to be written at the end."""

    connection: Connection
    policy: Policy
    now: datetime
    actor: str
    text: str
    value: str
    before: CaseRecord
    case: CaseRecord
    clocks: clocks.Clocks
    lines: list[Line] = field(default_factory=list)
    tell: list[tuple[NoticeType, str, str, tuple[str, ...]]] = field(default_factory=list)
    start: str = ""

    def set(self, **changes: object) -> None:
        """Change columns of the case."""
        self.case = replace(self.case, **changes)  # type: ignore[arg-type]

    def note(self, kind: str, said: str, **data: str) -> None:
        """Add a line to the timeline, by whoever acts."""
        self.lines.append(Line(self.case.number, kind, self.now, said, self.actor, data))

    def meet(self, name: ClockName) -> str:
        """Stop a clock as met or missed; says how, "" if it did not run."""
        clock = self.clocks.get(name)
        if clock is None or clock.ended_at is not None:
            return ""
        self.clocks[name] = sla.meet(clock, self.now)
        return f" ({name.replace('_', ' ')} {sla.how(self.clocks[name])})"

    def answer(self) -> str:
        """Stop the clock that waits for an answer; says how, "" if none does."""
        clock = sla.answer(self.clocks, self.now)
        if clock is None:
            return ""
        self.clocks[clock.name] = clock
        return f" ({clock.name.replace('_', ' ')} {sla.how(clock)})"

    def stop_answering(self) -> None:
        """Nobody can be answered any more: the response clocks end."""
        for name in sla.RESPONSES:
            if name in self.clocks:
                self.clocks[name] = sla.withdraw(self.clocks[name], self.now)

    def stand_still(self) -> None:
        """The clocks of a case that waits: all stand, but a department that is waited for has its own deadline."""
        for name, clock in self.clocks.items():
            runs_on = name is ClockName.FORWARD_ACCEPTED and self.case.waits_for == "department"
            hours = self.policy.hours(clock.calendar)
            self.clocks[name] = sla.resume(clock, hours, self.now) if runs_on else sla.pause(clock, self.now)

    def run_on(self) -> None:
        """The case waits no longer: its clocks run on."""
        self.set(state=CaseState.OPEN, waits_for="")
        self.clocks = {name: sla.resume(c, self.policy.hours(c.calendar), self.now) for name, c in self.clocks.items()}
        self.note("resumed", "the clocks run on")

    def require(self, *states: CaseState) -> None:
        """Raise StateError unless the case is in one of the states."""
        if self.case.state not in states:
            raise StateError(
                f"case {self.case.number} is {self.case.state}; this needs a case that is {' or '.join(states)}"
            )

    def need(self, what: str) -> str:
        """The action's value, or its text. Raises InputError if there is none."""
        found = (self.value or self.text).strip()
        if not found:
            raise InputError(f"{what} is missing", "value")
        return found


def write(a: Act, stored: clocks.Clocks) -> Acted:
    """Write what an action did; `stored` are the clocks as they were."""
    number = a.case.number
    a.set(revision=a.before.revision + 1, updated_at=a.now)
    records.update(a.connection, [a.case])
    clocks.write(a.connection, clocks.changed({number: stored}, {number: a.clocks}))
    timeline.append(a.connection, a.lines)
    case = snapshot(a.case, a.clocks.values(), a.policy, a.now)
    notices = [n for kind, purpose, reason, targets in a.tell for n in _tell(a, case, kind, purpose, reason, targets)]
    if a.start:
        begun = [starting.Start(number, a.start, f"started by {a.actor}", asked=a.actor != timeline.SYSTEM)]
        notices += starting.start(a.connection, begun, {number: case}, a.policy, a.now)
    return Acted(case, tuple(notices))


def _tell(
    a: Act, case: CaseSnapshot, kind: NoticeType, purpose: str, reason: str, targets: tuple[str, ...]
) -> list[Notice]:
    purpose = purpose if kind is NoticeType.CASE_OPENED else f"{purpose}:{case.revision}"
    if targets:
        return [Notice(target, case, kind, purpose, reason) for target in targets]
    return forward(case, a.policy, kind, purpose, reason)
