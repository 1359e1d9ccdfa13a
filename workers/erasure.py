"""The erasure of an author everywhere: mentions, assessments, cases, the outbox, and a notice to whoever was told.

mentions ─► assessments ─► cases ─► outbox (copies emptied) ─► case.updated to each target that had a copy
                                                            └─► case.forgotten for each message that can be taken back
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from escalation_bridge import erasure as copies
from escalation_bridge import forgetting, outbox
from leitstand import clock
from leitstand.model import Notice, NoticeType
from listeners import erasure as posts
from nlp import store as assessments
from triage import erasure as cases
from triage.policy import Policy
from workers import digests

REASON = "the author's data was erased: remove what you keep of it"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased, and the targets that are told."""

    mentions: int
    cases: int
    targets: tuple[str, ...]


def erase(
    connection: Connection,
    channel: str,
    author: str,
    policy: Policy,
    able: Mapping[str, forgetting.Can] = forgetting.NOBODY,
) -> Erased:
    """Erase an author of a channel, given by id or by handle. Doing it twice changes nothing more.

    `able` are the targets that can take back single messages.
    """
    now, author = clock.now(), author.removeprefix("@")
    ids = posts.find(connection, channel, author)
    if not ids:
        return Erased(0, 0, ())
    changed = cases.erase(connection, ids, channel, author, policy, now)
    posts.erase(connection, ids, now)
    assessments.forget(connection, ids)
    digests.erase(connection, ids)
    told = copies.erase(connection, [case.number for case in changed])
    known = {case.number: case for case in changed}
    notices = [
        Notice(target, known[number], NoticeType.CASE_UPDATED, f"erased:{known[number].revision}", REASON)
        for number, target in told
        if target in policy.targets
    ]
    outbox.add(connection, notices, now)
    forgetting.take_back(connection, changed, able, now)
    return Erased(len(ids), len(changed), tuple(sorted({notice.target for notice in notices})))
