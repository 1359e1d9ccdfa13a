"""What people do with a case, from the console or the API. Each action is one small function in a table.

    new → open ⇄ waiting → resolved → closed
                    resolved | closed → open (reopen)

Every action locks the case first. Doing a thing twice is not an error and changes nothing the second time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseState, ClockName, NoticeType, Severity
from triage import clocks, handing, keys, records, sla
from triage.in_hand import Act, Acted, write
from triage.judgement import doubted
from triage.policy import Policy
from triage.records import LIVE
from triage.runs import stopping
from triage.snapshot import snapshot
from triage.telling import headline
from triage.timeline import because
from triage.withdrawn import GONE, line
from triage.worsening import worsen

_ENDED = (CaseState.RESOLVED, CaseState.CLOSED)
_LONGEST = 10_000
WAITS_FOR = {"author": "the author", "department": "a department", "hold": "better days"}


def act(
    connection: Connection,
    number: int,
    action: str,
    *,
    actor: str,
    now: datetime,
    policy: Policy,
    text: str = "",
    value: str = "",
) -> Acted:
    """Do one action to a case. `value` is whom, where or what (`assign`, `forward`, `label`, `escalate`, `pause`).

    Raises NotFoundError, StateError or InputError with a sentence for the person; then nothing is changed.
    """
    if action not in ACTIONS:
        raise NotFoundError(f"there is no action {action!r}; known: {', '.join(ACTIONS)}")
    if len(text) > _LONGEST or len(value) > _LONGEST:
        raise InputError(f"longer than {_LONGEST} characters", "text")
    case = records.lock(connection, [number]).get(number)
    if case is None:
        raise NotFoundError(f"there is no case {number}")
    stored = clocks.read(connection, [number])[number]
    a = Act(connection, policy, now, actor, text.strip(), value.strip(), case, case, dict(stored))
    ACTIONS[action](a)
    if a.case == case and not a.lines:
        return Acted(snapshot(case, stored.values(), policy, now), changed=False)
    return write(a, stored)


def _acknowledge(a: Act) -> None:
    a.require(*LIVE)
    stopped = stopping.stop(a.connection, a.case.number, "acknowledged", a.now)
    if a.case.acknowledged_at is None:
        _seen(a)
        a.note("acknowledged", f"acknowledged by {a.actor}{a.meet(ClockName.ACKNOWLEDGE)}")
    elif stopped:
        a.note("acknowledged", f"the escalation is acknowledged by {a.actor}")
    a.lines += stopped


def _seen(a: Act) -> None:
    state = CaseState.OPEN if a.case.state is CaseState.NEW else a.case.state
    a.set(state=state, acknowledged_at=a.now, acknowledged_by=a.actor)


def _assign(a: Act) -> None:
    a.require(*LIVE)
    if a.value != a.case.assignee:
        a.set(assignee=a.value)
        a.note("assigned", f"assigned to {a.value}" if a.value else "assigned to nobody", assignee=a.value)


def _reply(a: Act) -> None:
    a.require(*LIVE)
    if not a.text:
        raise InputError("the reply is missing", "text")
    _acknowledge(a)
    a.note("replied", f"answered by {a.actor}{a.answer()}", reply=a.text)


def _note(a: Act) -> None:
    if not a.text:
        raise InputError("the note is missing", "text")
    a.note("note", a.text)


def _label(a: Act) -> None:
    label = a.need("the label")
    if len(label) > 100:
        raise InputError("a label has at most 100 characters", "value")
    if label.startswith("-"):
        if label[1:] in a.case.tags:
            a.set(tags=tuple(tag for tag in a.case.tags if tag != label[1:]))
            a.note("label", f"label {label[1:]} removed", removed=label[1:])
    elif label not in a.case.tags:
        a.set(tags=(*a.case.tags, label))
        a.note("label", f"label {label} added", added=label)


def _pause(a: Act) -> None:
    """Wait for the author, a department, or on hold. A case that waits already can come to wait for another."""
    for_whom = _one_of(a.value or "author", WAITS_FOR)
    if a.case.state is CaseState.WAITING and a.case.waits_for == for_whom:
        return
    a.require(*LIVE)
    _acknowledge(a)
    a.set(state=CaseState.WAITING, waits_for=for_whom)
    a.stand_still()
    said = {"author": "waiting", "department": "waiting for a department", "hold": "on hold"}[for_whom]
    a.note("paused", f"{said}{because(a.text)}; the clocks stand still", why=a.text, waits_for=for_whom)


def _one_of(said: str, known: dict[str, str]) -> str:
    if said not in known:
        raise InputError(f"must be one of {', '.join(known)}", "value")
    return said


def _resume(a: Act) -> None:
    if a.case.state is CaseState.OPEN:
        return
    a.require(CaseState.WAITING)
    a.run_on()


def _escalate(a: Act) -> None:
    """Raise the severity by one step, or to the one given, or start the policy given."""
    a.require(*LIVE)
    wanted = a.value or _one_worse(a.case.severity)
    if wanted in a.policy.escalation and wanted not in set(Severity):
        a.start = wanted
        a.note("escalated", f"escalated by {a.actor} with {wanted}{because(a.text)}", policy=wanted)
        return
    if wanted not in set(Severity):
        known = ", ".join(sorted({*Severity, *a.policy.escalation}))
        raise InputError(f"there is no severity or escalation policy {wanted!r}; known: {known}", "value")
    _to_severity(a, Severity(wanted))


def _one_worse(severity: Severity) -> str:
    order = list(Severity)
    return order[max(order.index(severity) - 1, 0)]


def _to_severity(a: Act, severity: Severity) -> None:
    before = a.case.severity
    if severity > before:
        raise StateError(f"case {a.case.number} is {before}; escalating cannot make it milder")
    a.start = severity
    said = f"escalated from {before} to {severity} by {a.actor}{because(a.text)}"
    a.note("escalated", said, before=before, after=severity)
    if severity == before:
        return
    worsen(a, severity, said)
    a.tell.append((NoticeType.CASE_UPDATED, f"severity:{severity}", said, ()))


def _approve(a: Act) -> None:
    """A person has looked at a case that was held: now whom it concerns is told."""
    a.require(*LIVE)
    if not a.case.review:
        return
    worse = doubted(a.case.review)
    a.set(review="")
    a.note("approved", f"approved by {a.actor}{because(a.text)}")
    if worse is not None:  # whom it concerns knows the case; now it is as bad as the post said
        if worse < a.case.severity:
            _to_severity(a, worse)
        return
    a.start = a.case.severity
    a.tell.append((NoticeType.CASE_OPENED, "opened", headline(a.case), ()))


def _withdraw(a: Act) -> None:
    """Nobody can be answered any more: the post is gone, or its author is blocked."""
    a.require(*LIVE)
    why = _one_of(a.value or "deleted", GONE)
    waiting = [clock for name in sla.RESPONSES if (clock := a.clocks.get(name)) and clock.ended_at is None]
    if waiting:
        a.stop_answering()
        a.lines.append(replace(line(a.case.number, why, a.now), actor=a.actor))


def _resolve(a: Act) -> None:
    if a.case.state is CaseState.RESOLVED:
        return
    a.require(*LIVE)
    _end(a)
    a.set(state=CaseState.RESOLVED, resolved_at=a.now, waits_for="")
    a.tell.append((NoticeType.CASE_UPDATED, "resolved", f"resolved by {a.actor}{because(a.text)}", ()))


def _close(a: Act) -> None:
    if a.case.state is CaseState.CLOSED:
        return
    if a.case.state is not CaseState.RESOLVED:
        _end(a)
    a.set(state=CaseState.CLOSED, resolved_at=a.case.resolved_at or a.now, closed_at=a.now, waits_for="")
    a.note("closed", f"closed by {a.actor}{because(a.text)}")
    a.tell.append((NoticeType.CASE_CLOSED, "closed", f"closed by {a.actor}{because(a.text)}", ()))


def _end(a: Act) -> None:
    """The case is solved: its clocks stop, its escalations stop, its keys are free for a new case."""
    acknowledged = a.meet(ClockName.ACKNOWLEDGE) if a.case.acknowledged_at is None else ""
    if a.case.acknowledged_at is None:
        _seen(a)
    solved = a.meet(ClockName.RESOLUTION)
    a.clocks = {name: sla.cancel(clock, a.now) for name, clock in a.clocks.items()}
    a.note("resolved", f"resolved by {a.actor}{because(a.text)}{acknowledged}{solved}")
    a.lines += stopping.stop(a.connection, a.case.number, "resolved", a.now)
    keys.release_cases(a.connection, [a.case.number])


def _reopen(a: Act) -> None:
    if a.case.state in LIVE:
        return
    a.require(*_ENDED)
    a.set(state=CaseState.OPEN, resolved_at=None, closed_at=None)
    for name, clock in a.clocks.items():
        if sla.runs_again(clock):
            a.clocks[name] = sla.restart(clock, a.policy.hours(clock.calendar), a.now)
    keys.retake(a.connection, a.case.number)
    a.note("reopened", f"reopened by {a.actor}{because(a.text)}")
    a.tell.append((NoticeType.CASE_UPDATED, "reopened", f"reopened by {a.actor}{because(a.text)}", ()))


ACTIONS: dict[str, Callable[[Act], None]] = {
    "acknowledge": _acknowledge,
    "assign": _assign,
    "reply": _reply,
    "pause": _pause,
    "resume": _resume,
    "escalate": _escalate,
    "forward": handing.forward,
    "share": handing.share,
    "resolve": _resolve,
    "reopen": _reopen,
    "close": _close,
    "note": _note,
    "label": _label,
    "accept": handing.accept,
    "return": handing.hand_back,
    "approve": _approve,
    "withdraw": _withdraw,
}
