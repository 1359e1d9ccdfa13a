"""Where heard mentions go: the same way for a source, the API and a replayed file.

    batch ──► mentions, edits, deletes, cursor, state, gaps: one commit ──► count, enqueue
A listener's commit asks first whether its lease still is held, and fails if another process runs it now.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from redis import RedisError
from sqlalchemy import Connection, Engine

from leitstand import clock
from leitstand.errors import LeaseLostError
from listeners import budget, changes, cursors, gaps, leases, rechecks, store
from listeners.contract import Batch
from listeners.leases import Lease
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from nlp import store as assessments
from triage import upstream
from workers.queues import AssessQueue

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Intake:
    """What one process needs to take in what is heard, loaded once."""

    engine: Engine
    watchlists: Watchlists
    queue: AssessQueue
    metrics: Metrics

    def take(self, listener: str, batch: Batch, lease: Lease | None = None) -> store.Stored:
        """Commit all that a batch says in one transaction, then enqueue.

        Raises OperationalError if PostgreSQL is away, LeaseLostError if another process runs the listener now.
        """
        now = clock.now()
        with self.engine.begin() as connection:
            if lease and not leases.is_held(connection, lease):
                raise LeaseLostError(f"{listener} is run by another process")
            stored = self._store(connection, listener, batch, now)
            _report(connection, listener, batch, now)
            gap = _gaps(connection, listener, batch, now) if lease else 0.0
        if gap:
            self.metrics.listener_gap.labels(listener).inc(gap)
        self.handed_over(listener, batch, stored)
        return stored

    def _store(self, connection: Connection, listener: str, batch: Batch, now: datetime) -> store.Stored:
        heard = {(m.channel, m.external_id) for m in batch.mentions}
        new = [m for m in changes.unknown(connection, batch.edits) if (m.channel, m.external_id) not in heard]
        stored = store.store(
            connection,
            listener,
            (*batch.mentions, *new),
            self.watchlists,
            part=batch.part,
            cursor=batch.cursor,
            now=now,
        )
        edited = changes.edit(connection, batch.edits, self.watchlists, now)
        deleted = changes.delete(connection, batch.deletes, now)
        upstream.note(connection, edited + deleted, now)
        if deleted:
            assessments.forget(connection, [change.mention_id for change in deleted])
        rechecks.mark(connection, batch.checked, now)
        said_before = len(batch.edits) - len(new) - len(edited)
        again = tuple(change.mention_id for change in edited)
        return replace(stored, duplicates=stored.duplicates + said_before, again=again)

    def handed_over(self, listener: str, batch: Batch, stored: store.Stored) -> None:
        """Count and enqueue what was committed. Without Redis it takes longer: the sweep enqueues it."""
        for channel, count in Counter(m.channel for m in (*batch.mentions, *batch.edits)).items():
            self.metrics.mentions_received.labels(listener, self.metrics.channels.label(channel)).inc(count)
        for watchlist, count in stored.matched.items():
            self.metrics.mentions_matched.labels(watchlist).inc(count)
        try:
            self.queue.enqueue(stored.waiting)
        except RedisError as error:
            log.warning("not enqueued, the sweep will", mentions=len(stored.waiting), reason=str(error))


def _report(connection: Connection, listener: str, batch: Batch, now: datetime) -> None:
    cursors.report_status(
        connection,
        listener,
        batch.part,
        error=batch.error,
        last_post_at=max((m.created_at for m in batch.mentions), default=None),
        now=now,
        heard=batch.heard,
        caught_up=batch.caught_up,
        next_at=batch.next_at,
    )
    if batch.budget:
        budget.keep(connection, listener, batch.part, batch.budget)
    for watchlist, left in batch.shares:
        budget.keep(connection, listener, budget.SHARE + watchlist, left)


def _gaps(connection: Connection, listener: str, batch: Batch, now: datetime) -> float:
    """Seconds of the gap that this batch ends."""
    if batch.heard:
        return gaps.end(connection, listener, batch.part, now, caught_up=batch.caught_up, lost=batch.lost)
    gaps.begin(connection, listener, batch.part, batch.error, now)
    return 0.0
