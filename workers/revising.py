"""The way of a post that was assessed before and has been edited since: alone, for it may change a case that it is in.

story ──► keys and bands of the new words, one commit
claim ──► assess ──► the new assessment in place of the old ──► its case, or a new one ──► outbox, one commit
"""

from datetime import datetime

from sqlalchemy import Connection, Engine

from escalation_bridge import outbox
from leitstand import clock
from leitstand.model import Notice
from listeners import pending, store
from nlp import store as assessments
from nlp.pipeline import Assessor
from triage import cases, revising
from triage.decide import Item
from triage.incidents import store as voices
from triage.policy import Policy


def revise(engine: Engine, assessor: Assessor, policy: Policy, mention_id: int) -> bool:
    """Move one edited post. False if another worker has it, or its words changed again just now: it still waits."""
    now = clock.now()
    with engine.begin() as connection:
        [matched] = store.load(connection, [mention_id])
        [assessment] = assessor.assess([matched.mention])
        revising.renew_story(connection, (matched, assessment), policy)
    with engine.begin() as connection:
        if not pending.claim_edited(connection, mention_id):
            return False
        if store.load(connection, [mention_id]) != [matched]:
            pending.again(connection, [mention_id], now)
            return False
        outbox.add(connection, _move(connection, (matched, assessment), policy, now), now)
        voices.note(connection, [(revising.as_said(matched), assessment)], policy.incidents, now)
    return True


def _move(connection: Connection, item: Item, policy: Policy, now: datetime) -> tuple[Notice, ...]:
    """Assessed anew, and then its case brought up to date, or decided on as if it had been written only now."""
    matched, assessment = item
    before = assessments.load(connection, [matched.id]).get(matched.id)
    if before is None:
        assessments.store(connection, [(matched.id, assessment)], now)
        before = assessment
    else:
        assessments.renew(connection, [(matched.id, assessment)], now)
    told = revising.revise(connection, item, before, policy, now)
    if told is not None:
        return told
    return cases.process(connection, [(revising.as_said(matched), assessment)], policy, now).notices
