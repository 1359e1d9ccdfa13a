"""The only file that touches RQ: what is enqueued, how deep the queue is, and the long-lived worker.

Redis carries work, never truth: a job is a batch of mention ids that PostgreSQL knows to be pending. Losing a job loses
nothing (the sweep enqueues it again); a job that comes twice finds nothing left to claim. So a job leaves Redis when it
begins, together with those behind it that fit into the same batch, and none of RQ's registries is kept.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import msgspec
import structlog
from redis import ConnectionError as NoConnectionError
from redis import Redis, RedisError
from redis import TimeoutError as NoAnswerError
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.commands.core import Script
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty, JobTimeoutException, UnixSignalDeathPenalty
from rq.utils import import_attribute, now
from rq.worker import WorkerStatus

from leitstand import sentinel_url
from workers.sentinels import Sentinels

log = structlog.get_logger()

ASSESS = "assess"
BATCH = 400
JOB_SIZE = 100  # several of them fill a batch better than one and a piece of the next
JOB = "workers.jobs.assess"
JOB_TIMEOUT = 120
BEAT_EVERY = timedelta(seconds=15)
# Long enough for any backlog that a disk can hold; then the sweep's re-enqueue is what counts.
JOB_TTL = timedelta(days=1)
# Seconds for an answer. A worker waits for work, a while at a time; nobody else waits for a Redis that hangs.
PATIENCE, WORKERS_PATIENCE = 1.0, 40.0
HANGS_FOR = 5.0  # seconds, as long as it is left alone then
# The job at hand leaves Redis, and so do those behind it while they fit; what they hold is returned.
_TAKE: Final = """
redis.call('LREM', KEYS[2], 1, ARGV[1])
local id, room, taken = ARGV[1], tonumber(ARGV[3]), {}
while id and room > 0 do
  local job = ARGV[2] .. id
  local meta = redis.call('HGET', job, 'meta')
  if meta then
    room = room - #cjson.decode(meta).ids
    if room < 0 then break end
    taken[#taken + 1] = meta
  elseif redis.call('EXISTS', job) == 1 then break
  end
  redis.call('DEL', job)
  if id ~= ARGV[1] then redis.call('LPOP', KEYS[1]) end
  id = redis.call('LINDEX', KEYS[1], 0)
end
return taken
"""


def connect(url: str, patience: float = PATIENCE) -> Redis:
    """A connection pool on `url`: whoever enqueues must not wait for a dead Redis, nor for one that hangs."""
    shortly = min(1.0, patience)
    if sentinel_url.is_sentinel(url):
        return Sentinels(sentinel_url.read(url), shortly).primary(connect_timeout=shortly, timeout=patience)
    again = Retry(NoBackoff(), 1, (NoConnectionError,))  # it was started anew
    return Redis.from_url(url, socket_connect_timeout=shortly, socket_timeout=patience, retry=again)


class AssessQueue:
    """The queue of mentions to assess. Where Redis hangs, all that is asked within the next seconds fails at once."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._queue = Queue(ASSESS, connection=connection, serializer=JSONSerializer)
        self._hangs_until = -math.inf

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Asks nothing of a Redis that was just found to hang: what is stored must not wait for it, post after post."""
        if time.monotonic() < self._hangs_until:
            raise NoAnswerError("Redis did not answer a moment ago")
        try:
            yield
        except NoAnswerError:
            self._hangs_until = time.monotonic() + HANGS_FOR
            raise

    def enqueue(self, ids: Sequence[int]) -> None:
        """Hand over mention ids, in jobs of at most JOB_SIZE. Raises redis.RedisError if Redis does not take them."""
        parts = [list(ids[start : start + JOB_SIZE]) for start in range(0, len(ids), JOB_SIZE)]
        jobs = [
            Queue.prepare_data(
                JOB,
                (part,),
                timeout=JOB_TIMEOUT,
                ttl=int(JOB_TTL.total_seconds()),
                description=JOB,
                meta={"ids": part},  # as the script reads them: arguments are compressed
            )
            for part in parts
        ]
        if jobs:
            with self._asking():
                self._queue.enqueue_many(jobs)

    def depth(self) -> int:
        """How many jobs wait."""
        with self._asking():
            return self._queue.count

    def head_enqueued_at(self) -> datetime | None:
        """When the job that comes next was enqueued; None when none waits."""
        with self._asking():
            for job_id in self._queue.get_job_ids(0, 1):
                try:
                    at = Job.fetch(job_id, connection=self._connection, serializer=JSONSerializer).enqueued_at
                except NoSuchJobError:  # taken, or wiped, in between
                    return None
                return at.replace(tzinfo=UTC) if at and not at.tzinfo else at
            return None


def limit() -> BaseDeathPenalty:
    """What ends a block of this process's main thread that takes too long, by a JobTimeoutException."""
    return UnixSignalDeathPenalty(JOB_TIMEOUT, JobTimeoutException)  # type: ignore[no-untyped-call]


class NextJobs(Queue):
    """The queue as a worker sees it."""

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Queue],
        timeout: int | None,
        connection: Redis,
        job_class: type[Job] | None = None,
        serializer: object = None,
        death_penalty_class: object = None,
    ) -> tuple[Job, Queue] | None:
        """The job that comes next, by its id alone: what it holds is read as it leaves Redis."""
        [queue] = queues
        _, number = cls.lmove(connection, queue.key, timeout)
        return Job(number.decode(), connection, JSONSerializer), queue


class WarmWorker(SimpleWorker):
    """Runs jobs in this process, where the pipeline is loaded; a fork for each job would cost 20 ms.

    What RQ writes about each job (72 commands in 20 turns, a third of what a single post cost) is left out: nobody
    reads it, and PostgreSQL knows what is done.
    """

    queue_class = NextJobs
    death_penalty_class = UnixSignalDeathPenalty

    @cached_property
    def _script(self) -> Script:
        return self.connection.register_script(_TAKE)

    @cached_property
    def _assess(self) -> Callable[[list[int], Callable[[], BaseDeathPenalty]], None]:
        return import_attribute(JOB)

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

    def set_shutdown_requested_date(self) -> None:
        """Leave Redis out of it: told to stop in the middle of a batch, what it fails with would end that, too."""

    def register_death(self) -> None:
        """Say that this worker is gone, where Redis is still there; else that is known when its time runs out."""
        with suppress(RedisError):
            super().register_death()  # type: ignore[no-untyped-call]

    def unsubscribe(self) -> None:
        """Listen for no more orders."""
        with suppress(RedisError):
            super().unsubscribe()  # type: ignore[no-untyped-call]

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while all workers are suspended; that is looked at as often."""
        if self._is_due():
            super().check_for_suspension(burst)

    def _is_due(self) -> bool:
        return self.last_heartbeat is None or now() - self.last_heartbeat >= BEAT_EVERY

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do the job, and those behind it that fit, as one."""
        self.set_state(WorkerStatus.BUSY)
        ids = self._take(job, queue)
        try:
            self._assess(ids, limit)
        except Exception:  # the sweep enqueues its ids again
            log.exception("job failed", mentions=len(ids))
        self.set_state(WorkerStatus.IDLE)

    def _take(self, job: Job, queue: Queue) -> list[int]:
        """The ids of the job, and of those behind it that fit."""
        keys = [queue.key, queue.intermediate_queue_key]
        taken: list[bytes] = []
        try:
            taken = self._script(keys, [job.id, Job.redis_job_namespace_prefix, BATCH])
        except RedisError as error:
            log.warning("the jobs behind wait", reason=str(error))
        return [number for meta in taken for number in msgspec.json.decode(meta)["ids"]] or _alone(job, queue)


def _alone(job: Job, queue: Queue) -> list[int]:
    """The ids of a job that the script has left; none if it is gone."""
    try:
        job.refresh()  # type: ignore[no-untyped-call]
        queue.intermediate_queue.remove(job.id)
        job.delete(remove_from_queue=False)
    except NoSuchJobError:
        return []
    return list(job.args[0])


def run_worker(connection: Redis, name: str, *, jobs: int, ready: Callable[[], None]) -> None:
    """Work until told to stop (SIGTERM finishes the batch at hand) or after `jobs` jobs."""
    logging.getLogger("rq").setLevel(logging.WARNING)
    worker = WarmWorker(
        [ASSESS],
        name=name,
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=int(WORKERS_PATIENCE) + 5,  # it asks for work for 15 s less than this, and hears nothing till then
    )
    ready()
    worker.work(max_jobs=jobs, logging_level="WARNING")
