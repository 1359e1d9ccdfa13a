"""The worker takes the jobs behind the one at hand along, up to a batch, and Redis keeps nothing of them."""

import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from redis import Redis, RedisError

from workers import jobs, queues
from workers.line import Limit, Line
from workers.queues import BATCH, JOB_SIZE, AssessQueue, run_worker

JOBS = "rq:job:*"


class Recorder:
    """A line that only remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def move_all(self, ids: Sequence[int]) -> None:
        self.batches.append(list(ids))

    def move_singly(self, ids: Sequence[int], limit: Limit) -> None:
        raise AssertionError("not reached")


class Broken(Recorder):
    """A line that breaks at its first batch, whatever is tried."""

    def move_all(self, ids: Sequence[int]) -> None:
        super().move_all(ids)
        if len(self.batches) == 1:
            raise ValueError("broken")

    def move_singly(self, ids: Sequence[int], limit: Limit) -> None:
        raise ValueError("still broken")


class Stuck(Recorder):
    """A line that never comes to an end with one post."""

    def __init__(self, post: int) -> None:
        super().__init__()
        self.post, self.failed = post, list[int]()

    def move_all(self, ids: Sequence[int]) -> None:
        super().move_all(ids)
        if self.post in ids:
            threading.Event().wait()

    def move_singly(self, ids: Sequence[int], limit: Limit) -> None:
        Line.move_singly(cast(Line, self), ids, limit)

    def _failed(self, mention_id: int, error: Exception) -> None:
        self.failed.append(mention_id)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with queues.connect(redis_url) as connection:
        yield connection


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """A Redis that hangs: it takes connections and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def connections(server: socket.socket) -> int:
    """How many have come since it was asked last."""
    found = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            found += 1
    return found


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """The worker takes the process's signals for itself."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def work(redis: Redis, turns: int, line: Recorder | None = None) -> list[list[int]]:
    """The batches of so many turns of a worker."""
    recorder = line or Recorder()
    jobs.use(cast(Line, recorder))
    run_worker(redis, "worker", jobs=turns, ready=lambda: None)
    return recorder.batches


def enqueue(redis: Redis, *sizes: int) -> list[list[int]]:
    """Jobs of so many mentions; the ids of each."""
    queue, given, first = AssessQueue(redis), [], 1
    for size in sizes:
        given.append(list(range(first, first + size)))
        queue.enqueue(given[-1])
        first += size
    return given


def test_jobs_that_wait_are_done_as_one_batch_in_their_order(redis: Redis) -> None:
    given = enqueue(redis, 1, JOB_SIZE, BATCH - JOB_SIZE - 10, 10, 1)
    assert work(redis, 1) == [[*given[0], *given[1], *given[2]]]
    assert AssessQueue(redis).depth() == 2
    assert work(redis, 1) == [[*given[3], *given[4]]]


def test_a_whole_batch_goes_alone(redis: Redis) -> None:
    given = enqueue(redis, BATCH, 1)
    assert work(redis, 2) == given


def test_more_than_a_batch_is_cut(redis: Redis) -> None:
    AssessQueue(redis).enqueue(range(2 * BATCH + 1))
    assert [len(batch) for batch in work(redis, 3)] == [BATCH, BATCH, 1]


def test_redis_keeps_nothing_of_what_was_done(redis: Redis) -> None:
    enqueue(redis, 1, 1, 1)
    assert len(redis.keys(JOBS)) == 3
    work(redis, 1)
    assert [key for key in redis.keys("rq:*") if b":queue:" in key or b":job:" in key] == []


def test_a_job_that_redis_has_dropped_is_passed_over(redis: Redis) -> None:
    given = enqueue(redis, 1, 1, 1)
    second = redis.lindex("rq:queue:assess", 1)
    redis.delete(b"rq:job:" + cast(bytes, second))
    assert work(redis, 1) == [[*given[0], *given[2]]]
    assert AssessQueue(redis).depth() == 0


def test_a_job_whose_ids_the_script_cannot_read_is_done_by_itself(redis: Redis) -> None:
    given = enqueue(redis, 1, 1, 1)
    second = redis.lindex("rq:queue:assess", 1)
    redis.hdel("rq:job:" + cast(bytes, second).decode(), "meta")
    assert work(redis, 3) == given
    assert redis.keys(JOBS) == []


def test_a_job_that_breaks_stops_no_other(redis: Redis) -> None:
    given = enqueue(redis, BATCH, 1)
    assert work(redis, 2, Broken()) == given


class Stopped(Recorder):
    """A line whose worker is told to stop in the middle of a batch, when Redis has stopped already."""

    def __init__(self, connection: Redis, address: Path) -> None:
        super().__init__()
        self.connection, self.address = connection, address

    def move_all(self, ids: Sequence[int]) -> None:
        self.address.unlink()
        self.connection.connection_pool.disconnect(inuse_connections=False)
        signal.raise_signal(signal.SIGTERM)
        super().move_all(ids)


def test_who_is_told_to_stop_without_a_redis_ends_the_batch_and_then_itself(redis: Redis, tmp_path: Path) -> None:
    (address := tmp_path / "redis").symlink_to(redis.get_connection_kwargs()["path"])
    given = enqueue(redis, 3)
    with queues.connect(f"unix://{address}") as connection:
        assert work(connection, 2, Stopped(connection, address)) == given


def test_a_post_without_end_stops_no_other(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "JOB_TIMEOUT", 1)
    line = Stuck(2)
    enqueue(redis, 3)
    assert work(redis, 1, line) == [[1, 2, 3], [1], [2], [3]]
    assert line.failed == [2]


def test_where_redis_runs_no_scripts_each_job_is_done_by_itself(redis: Redis, redis_url: str) -> None:
    redis.acl_setuser(
        "plain", enabled=True, nopass=True, keys=["*"], channels=["*"], categories=["+@all", "-@scripting"]
    )
    given = enqueue(redis, 1, 1)
    with queues.connect(redis_url) as connection:
        connection.connection_pool.connection_kwargs["username"] = "plain"
        connection.connection_pool.connection_kwargs["password"] = ""
        assert work(connection, 2) == given
    assert redis.keys(JOBS) == []
    redis.acl_deluser("plain")


def test_the_oldest_job_that_waits_is_known(redis: Redis) -> None:
    queue = AssessQueue(redis)
    assert queue.head_enqueued_at() is None
    enqueue(redis, 1)
    assert queue.head_enqueued_at() is not None


def test_nobody_but_a_worker_waits_for_a_redis_that_hangs(hanging: socket.socket) -> None:
    with queues.connect(f"redis://127.0.0.1:{hanging.getsockname()[1]}", 0.1) as connection:
        queue = AssessQueue(connection)
        with pytest.raises(RedisError):
            queue.enqueue([1])
        assert connections(hanging) == 1  # it is not tried twice
        for ask in (queue.depth, queue.head_enqueued_at, lambda: queue.enqueue([1])):
            with pytest.raises(RedisError, match="did not answer a moment ago"):
                ask()
        assert connections(hanging) == 0


def test_a_redis_that_hung_is_asked_again(hanging: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "HANGS_FOR", 0.0)
    with queues.connect(f"redis://127.0.0.1:{hanging.getsockname()[1]}", 0.1) as connection:
        for _ in range(2):
            with pytest.raises(RedisError):
                AssessQueue(connection).enqueue([1])
            assert connections(hanging) == 1


def test_who_asks_has_little_patience_and_a_worker_more_than_it_waits_for_work(redis_url: str) -> None:
    with queues.connect(redis_url) as asking, queues.connect(redis_url, queues.WORKERS_PATIENCE) as working:
        limits = [c.connection_pool.connection_kwargs["socket_timeout"] for c in (asking, working)]
        worker = queues.WarmWorker([queues.ASSESS], connection=working, worker_ttl=int(queues.WORKERS_PATIENCE) + 5)
        assert limits[0] <= 1 < worker.dequeue_timeout < limits[1]
