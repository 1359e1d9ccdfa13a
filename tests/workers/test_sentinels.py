"""A Redis that Sentinels watch over: found, found again after a failover, and waited for no longer than any other."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from redis import RedisError
from redis.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

from leitstand import sentinel_url
from tests.watched_redis import SERVICE, Watched, watched_redis
from workers import queues
from workers.queues import AssessQueue
from workers.sentinels import NoPrimaryError, Sentinels


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with watched_redis(tmp_path) as redis:
        yield redis


@pytest.fixture
def hanging() -> Iterator[list[socket.socket]]:
    """Sentinels that hang: they take connections and answer nobody."""
    with ExitStack() as open_:
        servers = [open_.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        for server in servers:
            server.setblocking(False)
        yield servers


def connections(server: socket.socket) -> int:
    """How many have come since it was asked last."""
    found = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            found += 1
    return found


def named(*servers: socket.socket) -> str:
    hosts = ",".join(f"127.0.0.1:{server.getsockname()[1]}" for server in servers)
    return f"redis+sentinel://:hunter2@{hosts}/{SERVICE}?sentinel_password=hunter3"


def test_after_a_failover_the_same_connection_leads_to_the_new_primary(watched: Watched) -> None:
    with queues.connect(watched.url) as connection:
        AssessQueue(connection).enqueue([1])
        dead = watched.kill_primary()
        with suppress(RedisError):  # none where it is the new one already
            AssessQueue(connection).enqueue([2])
        watched.wait_for_another_than(dead)
        queue = AssessQueue(connection)
        before = queue.depth()
        queue.enqueue([3])
        assert queue.depth() == before + 1


def test_sentinels_that_hang_delay_nobody(hanging: list[socket.socket]) -> None:
    with queues.connect(named(*hanging), 0.3) as connection:
        queue = AssessQueue(connection)
        with pytest.raises(NoPrimaryError) as refused:
            queue.enqueue([1])
        assert [connections(server) for server in hanging] == [1, 1, 1], "nobody is asked twice"
        with pytest.raises(RedisError, match="did not answer a moment ago"):
            queue.enqueue([2])
        assert [connections(server) for server in hanging] == [0, 0, 0]
    assert str(refused.value).count("cannot be asked: it does not answer") == 3
    assert "hunter" not in str(refused.value)


def test_all_of_them_together_have_as_long_as_one_server(hanging: list[socket.socket]) -> None:
    kwargs = Sentinels(sentinel_url.read(named(*hanging)), 0.3).sentinel_kwargs
    assert kwargs["socket_timeout"] == kwargs["socket_connect_timeout"] == pytest.approx(0.1)
    with queues.connect(named(*hanging), queues.WORKERS_PATIENCE) as connection:
        pool = connection.connection_pool
        assert pool.connection_kwargs["socket_timeout"] == queues.WORKERS_PATIENCE
        assert pool.sentinel_manager.sentinel_kwargs["socket_timeout"] == pytest.approx(1 / 3)


def test_who_has_answered_is_asked_first(watched: Watched, hanging: list[socket.socket]) -> None:
    both = watched.url.replace("//", f"//127.0.0.1:{hanging[0].getsockname()[1]},")
    asked = Sentinels(sentinel_url.read(both), 4.0)
    for _ in range(3):
        assert asked.discover_master(SERVICE) == ("127.0.0.1", watched.primary())
    assert connections(hanging[0]) == 1


def test_tls_is_for_the_sentinels_and_for_what_they_name() -> None:
    url = "s+sentinel://a/m?ssl_ca_certs=/own.pem&sentinel_password=x"
    encrypted, plain = (Sentinels(sentinel_url.read(f"redis{one}"), 1) for one in (url, url[1:]))
    assert encrypted.sentinel_kwargs["ssl"] and encrypted.sentinel_kwargs["ssl_ca_certs"] == "/own.pem"
    assert not plain.sentinel_kwargs["ssl"]
    kinds = [one.primary(connect_timeout=1, timeout=1).connection_pool.connection_class for one in (encrypted, plain)]
    assert kinds == [SentinelManagedSSLConnection, SentinelManagedConnection]
