"""A case in somebody's hands becomes more severe: what follows for its deadlines, reasons and running policies."""

from leitstand.model import CaseReason, CaseState, Severity
from triage import sla
from triage.in_hand import Act
from triage.runs import stopping


def worsen(a: Act, severity: Severity, why: str) -> None:
    """The case is this severe from now on; `why` is the sentence that says so. What is to begin then, the caller says.

    Deadlines become tighter, never later, and policies of milder severities stop.
    """
    granted = a.policy.agreement(a.case.traits(severity))
    hours = a.policy.hours(granted.calendar)
    waits = a.case.state is CaseState.WAITING
    tightened = sla.tighten(a.clocks.values(), granted, hours, a.case.posted_at, a.now, waits=waits)
    a.clocks = {clock.name: clock for clock in tightened}
    reasons = (*a.case.reasons, CaseReason("severity", why), CaseReason("sla", granted.text))
    a.set(severity=severity, sla=granted, reasons=reasons)
    a.lines += stopping.supersede(a.connection, a.case.number, severity, a.policy, a.now)
