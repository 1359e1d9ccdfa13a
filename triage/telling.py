"""Whom a batch's ledger has to tell: the teams' targets, and the escalation policies that begin.

A case opened and then made worse by the same batch is told of once, as it is at the end.
"""

from leitstand.model import CaseSnapshot, Notice, NoticeType
from triage.ledger import Ledger
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs.starting import Start


def notices(ledger: Ledger) -> list[Notice]:
    """Whom to tell: the team's targets, of each case opened or made worse."""
    gone = {other for other, _ in ledger.absorbed}
    opened = [number for number in ledger.opened if number not in gone and not ledger.records[number].review]
    told = [_tell(ledger, n, NoticeType.CASE_OPENED, "opened", headline(ledger.records[n])) for n in opened]
    for number, reason in ledger.raised.items():
        case = ledger.records[number]
        told.append(_tell(ledger, number, NoticeType.CASE_UPDATED, f"severity:{case.severity}:{case.revision}", reason))
    return [notice for group in told for notice in group]


def starts(ledger: Ledger) -> list[Start]:
    """The policies named like the severities that cases now have, and those that rules want; none while in review."""
    severities = [(number, ledger.records[number].severity) for number in [*ledger.opened, *ledger.raised]]
    wanted = [Start(number, severity, f"the case is {severity}") for number, severity in severities]
    gone = {other for other, _ in ledger.absorbed}
    wanted = [start for start in [*wanted, *ledger.begin] if start.case_number not in gone]
    return [start for start in wanted if not ledger.records[start.case_number].review]


def forward(case: CaseSnapshot, policy: Policy, kind: NoticeType, purpose: str, reason: str) -> list[Notice]:
    """A notice to each target of the case's team."""
    return [Notice(target, case, kind, purpose, reason) for target in policy.forward(case.team)]


def headline(case: CaseRecord) -> str:
    """Why the case is what it is, in a line."""
    said = [r.text for r in case.reasons if r.about in ("urgency", "severity", "rule")]
    return "; ".join(said) or f"severity {case.severity}"


def _tell(ledger: Ledger, number: int, kind: NoticeType, purpose: str, reason: str) -> list[Notice]:
    if not ledger.policy.forward(ledger.records[number].team):
        return []
    return forward(ledger.snapshot(number), ledger.policy, kind, purpose, reason)
