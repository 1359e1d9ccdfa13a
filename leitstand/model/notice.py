"""What a target is to be told: the outbox's word."""

from dataclasses import dataclass
from enum import StrEnum

from leitstand.model.case import CaseSnapshot


class NoticeType(StrEnum):
    """What a notice says; also the `type` in a webhook's body."""

    CASE_OPENED = "case.opened"
    CASE_UPDATED = "case.updated"
    CASE_ESCALATED = "case.escalated"
    CASE_CLOSED = "case.closed"
    SLA_WARNING = "sla.warning"
    SLA_BREACHED = "sla.breached"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_GROWN = "incident.grown"
    INCIDENT_CLOSED = "incident.closed"
    ESCALATION_MILESTONE = "escalation.milestone"
    ESCALATION_REMINDER = "escalation.reminder"
    CASE_SHARED = "case.shared"
    CASE_FORGOTTEN = "case.forgotten"
    DIGEST = "digest.weekly"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is told of no single case, such as a week's digest. `html` says the same for mail, "" where nothing does.

    `mentions` are the posts it quotes: when one is erased, its words go.
    """

    subject: str
    text: str
    html: str = ""
    link: str = ""
    mentions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something one target must be told about one case; a row of the outbox before it is sent.

    `purpose` makes the key: the same target, case and purpose is the same notice, however often it is asked for.
    `reason` is one sentence for the reader; `step` names the escalation step, "" for plain forwarding. `room` names the
    channel of the case's own that the target is to open for it, "" for none; `invited` are those who are to be in it.
    `letter` is told in place of the case. `withdraws` is the delivery whose message is to be taken back, 0 for what the
    target has of the case as a whole.
    """

    target: str
    case: CaseSnapshot
    type: NoticeType
    purpose: str
    reason: str
    step: str = ""
    room: str = ""
    invited: tuple[str, ...] = ()
    letter: Letter | None = None
    withdraws: int = 0
