"""A notice on its way to its target, and what comes back from there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leitstand.model.case import CaseSnapshot
from leitstand.model.notice import Letter, NoticeType


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one target.

    `key` is deterministic and at most 80 characters of [A-Za-z0-9_-]: it is the target's idempotency key. `attempt`
    counts from 1; `doubtful` says that the attempt before may have arrived. `created_at` is when the notice was
    committed. `thread_id` is the remote id of the first message about this case at this target, "" when there is none.
    `retried_at` is when a person last put back a dead letter. `room` names the channel to be opened for the case, ""
    for none, `invited` those who are to be in it, and `room_id` is the target's own id of it where it was opened
    before. `letter` is told in place of the case. `withdraws` is the remote id of the message to be taken back, ""
    where there is none.
    """

    id: int
    key: str
    target: str
    case: CaseSnapshot
    type: NoticeType
    reason: str
    step: str
    created_at: datetime
    attempt: int
    doubtful: bool = False
    thread_id: str = ""
    retried_at: datetime | None = None
    room: str = ""
    invited: tuple[str, ...] = ()
    room_id: str = ""
    letter: Letter | None = None
    withdraws: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """A channel of a case's own at a target: the target's id of it, its name, and where people open it."""

    id: str
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target gave back for a delivery it took. `remote_id` is its own id of the message, "" if it gives none.

    `room` is the channel in which it was told, None where that is the target's usual place.
    """

    remote_id: str = ""
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """What a target tells of a case that was forwarded to it. The same `id` of one target is the same answer.

    accepted: somebody there has taken it; withdrawn: they give it back; resolved: it is solved. `by` names who.
    """

    target: str
    id: str
    case: int
    event: Literal["accepted", "withdrawn", "resolved"]
    by: str = ""
    note: str = ""
