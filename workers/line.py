"""The way of a batch: load, assess, decide, apply, add to the outbox, commit.

    pending ids ─claim─► mentions ─nlp─► assessments ─triage─► cases, notices ─outbox─► one commit

Claiming deletes the pending rows in the same transaction, so a batch happens once or not at all, however often its ids
are enqueued and wherever its worker dies. What was assessed before and has been edited since goes another way.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine

from escalation_bridge import outbox
from leitstand import clock
from leitstand.database import is_of_data
from leitstand.model import Assessment, MatchedMention
from listeners import pending, store
from monitoring.metrics import Metrics
from nlp import store as assessments
from nlp.pipeline import Assessor
from triage import cases
from triage.incidents import store as voices
from triage.policy import Policy
from workers.revising import revise

log = structlog.get_logger()

MAX_ATTEMPTS = 3
Limit = Callable[[], AbstractContextManager[object]]
Holding = Callable[[Sequence[int]], AbstractContextManager[object]]


class EndedError(Exception):
    """A process ended without a word."""


def _noting_nothing(_ids: Sequence[int]) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Line:
    """Everything one worker needs to move mentions, loaded once."""

    engine: Engine
    assessor: Assessor
    policy: Policy
    metrics: Metrics
    holding: Holding = _noting_nothing

    def move(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Move the pending ones of `ids` as one batch. Returns those that have been edited: they go another way."""
        now = clock.now()
        with self.engine.begin() as connection:
            claimed = pending.claim(connection, ids)
            if not claimed.ids:
                return claimed.edited
            matched = store.load(connection, claimed.ids)
            assessed = self.assessor.assess([m.mention for m in matched])
            items = list(zip(matched, assessed, strict=True))
            assessments.store(connection, [(m.id, a) for m, a in items], now)
            outcome = cases.process(connection, items, self.policy, now)
            outbox.add(connection, outcome.notices, now)
            voices.note(connection, [i for i in items if i[0].id not in outcome.rated], self.policy.incidents, now)
        self._count(items, clock.now())
        return claimed.edited

    def move_all(self, ids: Sequence[int]) -> None:
        """Move the pending ones of `ids`: as one batch, but those that have been edited each by itself."""
        with self.holding(ids):
            edited = self.move(ids)
        for mention_id in edited:
            with self.holding([mention_id]):
                revise(self.engine, self.assessor, self.policy, mention_id)

    def move_singly(self, ids: Sequence[int], limit: Limit = nullcontext) -> None:
        """Move each by itself, so that one that cannot be assessed harms only itself: it is parked with its error.

        Where PostgreSQL fails no post is to blame. Raises OperationalError then.
        """
        for mention_id in ids:
            try:
                with limit():
                    self.move_all([mention_id])
            except Exception as error:  # outermost loop: what one post provokes stops no other
                if not is_of_data(error):
                    raise
                self._failed(mention_id, error)

    def after_death(self, ids: Sequence[int], limit: Limit = nullcontext) -> None:
        """Go on where a process ended with these at hand: each by itself. One that was alone has failed by that.

        Raises OperationalError where PostgreSQL fails.
        """
        if len(ids) == 1:
            self._failed(ids[0], EndedError("the worker's process ended while it assessed this post"))
        else:
            log.warning("a worker ended with mentions at hand, trying them one by one", mentions=len(ids))
            self.move_singly(ids, limit)

    def _failed(self, mention_id: int, error: Exception) -> None:
        with self.engine.begin() as connection:
            parked = pending.fail(connection, mention_id, repr(error)[:500], clock.now(), max_attempts=MAX_ATTEMPTS)
        if parked is None:  # a process may end between its commit and letting go
            log.info("mention waits no more", mention_id=mention_id, reason=type(error).__name__)
            return
        if parked:
            self.metrics.mentions_parked.inc()
        log.error("mention not assessed", mention_id=mention_id, parked=parked, exc_info=error)

    def _count(self, items: Sequence[tuple[MatchedMention, Assessment]], now: datetime) -> None:
        for (language, sentiment), count in Counter((a.language, a.sentiment) for _, a in items).items():
            self.metrics.mentions_assessed.labels(language, sentiment.value).inc(count)
        for urgency, count in Counter(a.urgency for _, a in items).items():
            self.metrics.urgency_assessed.labels(urgency.name.lower()).inc(count)
        for matched, _ in items:
            self.metrics.post_to_case.observe((now - matched.mention.received_at).total_seconds())
