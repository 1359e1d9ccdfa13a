"""The only file that touches RQ: what is enqueued, how deep the queue is, and the long-lived worker.

Redis carries work, never truth: a job is a batch of mention ids that PostgreSQL knows to be pending. Losing a job loses
nothing (the sweep enqueues it again); a job that comes twice finds nothing left to claim.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import UnixSignalDeathPenalty

ASSESS = "assess"
BATCH = 200
JOB = "workers.jobs.assess"
JOB_TIMEOUT = 120
# Long enough for any backlog that a disk can hold; then the sweep's re-enqueue is what counts.
JOB_TTL = timedelta(days=1)


def connect(url: str) -> Redis:
    """A connection pool on `url`. One second to connect: whoever enqueues must not wait for a dead Redis."""
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=420, retry=Retry(NoBackoff(), 1))


class AssessQueue:
    """The queue of mentions to assess."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._queue = Queue(ASSESS, connection=connection, serializer=JSONSerializer)

    def enqueue(self, ids: Sequence[int]) -> None:
        """Hand over mention ids, in jobs of at most BATCH. Raises redis.RedisError if Redis does not take them."""
        jobs = [
            Queue.prepare_data(
                JOB,
                (list(ids[start : start + BATCH]),),
                timeout=JOB_TIMEOUT,
                result_ttl=0,
                failure_ttl=3600,
                ttl=int(JOB_TTL.total_seconds()),
                description=JOB,
            )
            for start in range(0, len(ids), BATCH)
        ]
        if jobs:
            self._queue.enqueue_many(jobs)

    def depth(self) -> int:
        """How many jobs wait."""
        return self._queue.count

    def head_enqueued_at(self) -> datetime | None:
        """When the job that comes next was enqueued; None when none waits."""
        for job_id in self._queue.get_job_ids(0, 1):
            try:
                at = Job.fetch(job_id, connection=self._connection, serializer=JSONSerializer).enqueued_at
            except NoSuchJobError:  # taken, or wiped, in between
                return None
            return at.replace(tzinfo=UTC) if at and not at.tzinfo else at
        return None


class WarmWorker(SimpleWorker):
    """Runs jobs in this process, where the pipeline is loaded; a fork for each job would cost 20 ms."""

    death_penalty_class = UnixSignalDeathPenalty

    def procline(self, message: str) -> None:
        """Leave this process the title that the supervisor gave it."""


def run_worker(connection: Redis, name: str, *, jobs: int, ready: Callable[[], None]) -> None:
    """Work until told to stop (SIGTERM finishes the batch at hand) or after `jobs` jobs."""
    logging.getLogger("rq").setLevel(logging.WARNING)
    worker = WarmWorker(
        [ASSESS],
        name=name,
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    ready()
    worker.work(max_jobs=jobs, logging_level="WARNING")
