"""The only file that touches RQ: what is enqueued, how deep the queue is, and the long-lived worker.

Redis carries work, never truth: a job is a batch of mention ids that PostgreSQL knows to be pending. Losing a job loses
nothing (the sweep enqueues it again); a job that comes twice finds nothing left to claim. So a job leaves Redis when it
begins, together with those behind it that fit into the same batch, and none of RQ's registries is kept.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import msgspec
import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.commands.core import Script
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.utils import now
from rq.worker import WorkerStatus

log = structlog.get_logger()

ASSESS = "assess"
BATCH = 200
JOB = "workers.jobs.assess"
JOB_TIMEOUT = 120
BEAT_EVERY = timedelta(seconds=15)
# Long enough for any backlog that a disk can hold; then the sweep's re-enqueue is what counts.
JOB_TTL = timedelta(days=1)
# The job at hand leaves Redis, and so do those behind it while they fit; what these hold is returned.
_TAKE_ALONG: Final = """
redis.call('LREM', KEYS[2], 1, ARGV[1])
redis.call('DEL', ARGV[2] .. ARGV[1])
local room, taken = tonumber(ARGV[3]), {}
while room > 0 do
  local id = redis.call('LINDEX', KEYS[1], 0)
  if not id then break end
  local meta = redis.call('HGET', ARGV[2] .. id, 'meta')
  if meta then
    room = room - #cjson.decode(meta).ids
    if room < 0 then break end
    taken[#taken + 1] = meta
  elseif redis.call('EXISTS', ARGV[2] .. id) == 1 then break
  end
  redis.call('LPOP', KEYS[1])
  redis.call('DEL', ARGV[2] .. id)
end
return taken
"""


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
        batches = [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]
        jobs = [
            Queue.prepare_data(
                JOB,
                (batch,),
                timeout=JOB_TIMEOUT,
                ttl=int(JOB_TTL.total_seconds()),
                description=JOB,
                meta={"ids": batch},  # as the script reads them: arguments are compressed
            )
            for batch in batches
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
    """Runs jobs in this process, where the pipeline is loaded; a fork for each job would cost 20 ms.

    What RQ writes about each job (72 commands in 20 turns, a third of what a single post cost) is left out: nobody
    reads it, and PostgreSQL knows what is done.
    """

    death_penalty_class = UnixSignalDeathPenalty

    @cached_property
    def _take_along(self) -> Script:
        return self.connection.register_script(_TAKE_ALONG)

    def procline(self, message: str) -> None:
        """Leave this process the title that the supervisor gave it."""

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Remember whether a job is under way: a signal waits for its end. Others are told with the heartbeat."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that this worker lives, now and then; RQ would five times a job."""
        if self._is_due():
            super().set_state(self._state, pipeline)
            super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while all workers are suspended; that is looked at as often."""
        if self._is_due():
            super().check_for_suspension(burst)

    def _is_due(self) -> bool:
        return self.last_heartbeat is None or now() - self.last_heartbeat >= BEAT_EVERY

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do the job, and those behind it that fit, as one."""
        self.set_state(WorkerStatus.BUSY)
        ids = [*job.args[0], *self._taken_along(job, queue)]
        try:
            with self.death_penalty_class(JOB_TIMEOUT, JobTimeoutException, job_id=job.id):  # type: ignore[no-untyped-call]
                job.func(ids)
        except Exception:  # the sweep enqueues its ids again
            log.exception("job failed", mentions=len(ids))
        self.set_state(WorkerStatus.IDLE)

    def _taken_along(self, job: Job, queue: Queue) -> list[int]:
        """The ids of the jobs that go with this one."""
        keys = [queue.key, queue.intermediate_queue_key]
        room = BATCH - len(job.args[0])
        try:
            taken = self._take_along(keys, [job.id, Job.redis_job_namespace_prefix, room])
        except RedisError as error:  # what is at hand can be done without
            log.warning("the jobs behind wait", reason=str(error))
            return []
        return [number for meta in taken for number in msgspec.json.decode(meta)["ids"]]


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
