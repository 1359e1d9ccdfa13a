"""A case and those beside us: whom it is forwarded to or shared with, and whether they take it or hand it back.

They are actions as those in triage/actions.py, whose table names them.
"""

from leitstand.model import ClockName, NoticeType
from triage import sla
from triage.in_hand import Act
from triage.records import LIVE
from triage.timeline import because


def forward(a: Act) -> None:
    """Another team or department is to do something about it. Of a case that is over nobody could take it any more."""
    a.require(*LIVE)
    target = _target(a)
    said = f"forwarded to {target} by {a.actor}{because(a.text if a.value else '')}"
    a.note("forwarded", said, target=target)
    granted = a.policy.frozen(a.case)
    clock = sla.hand_over(a.clocks, granted, a.policy.hours(granted.calendar), a.now)
    if clock is not None:
        a.clocks[clock.name] = sla.pause(clock, a.now) if a.case.waits_for in ("author", "hold") else clock
    a.tell.append((NoticeType.CASE_ESCALATED, "forward", said, (target,)))


def share(a: Act) -> None:
    """Tell somebody of a case who need not do anything: praise, or how it was solved. Each asking tells once."""
    target = _target(a)
    said = f"shared with {target} by {a.actor}{because(a.text if a.value else '')}"
    a.note("shared", said, target=target)
    a.tell.append((NoticeType.CASE_SHARED, "shared", said, (target,)))


def accept(a: Act) -> None:
    """The department that it was forwarded to has taken it."""
    a.require(*LIVE)
    if how := a.meet(ClockName.FORWARD_ACCEPTED):
        a.note("accepted", f"accepted by {a.value or a.actor}{because(a.text)}{how}", by=a.value or a.actor)


def hand_back(a: Act) -> None:
    """The department that it was forwarded to does not want it: somebody here is to do something again."""
    a.require(*LIVE)
    clock, waited = a.clocks.get(ClockName.FORWARD_ACCEPTED), a.case.waits_for == "department"
    if not waited and (clock is None or clock.ended_at is not None):
        return
    if clock is not None:
        a.clocks[clock.name] = sla.cancel(clock, a.now)
    said = f"handed back by {a.actor}{because(a.text)}"
    a.note("returned", said)
    if waited:
        a.run_on()
    a.tell.append((NoticeType.CASE_UPDATED, "returned", said, ()))


def _target(a: Act) -> str:
    return a.policy.target(a.need("the target"), "value")
