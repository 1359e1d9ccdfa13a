"""What `check` and `doctor` say of Sentinels and of the Redis that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.health import services
from console.health.finding import Finding, State
from leitstand.settings import Settings
from tests.watched_redis import SERVICE, Watched, asking, watched_redis
from workers.sentinels import Answer

NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_redis(tmp_path_factory.mktemp("redis"), password="geheim") as redis:
        yield redis


def found(url: str) -> tuple[Finding, Finding]:
    """What is said of the Sentinels, and of Redis."""
    settings = Settings.model_validate({"redis": {"url": url}})
    [sentinels] = services.sentinels(settings)
    redis = services.redis(settings)
    for secret in ("hunter2", "geheim"):
        assert secret not in f"{sentinels}{redis}"
    return sentinels, redis


def test_where_all_is_well_it_is_said_who_named_whom(watched: Watched) -> None:
    sentinels, redis = found(watched.url)
    asked = f"127.0.0.1:{watched.sentinels[0]}"
    assert (sentinels.state, sentinels.said) == (State.OK, f"{asked} names 127.0.0.1:{watched.primary()}")
    assert redis.state is State.OK and redis.said.endswith("your own")


def test_one_server_has_no_sentinels(redis_url: str) -> None:
    assert list(services.sentinels(Settings.model_validate({"redis": {"url": redis_url}}))) == []


def test_a_sentinel_that_is_not_there_is_doubtful_where_others_are(watched: Watched) -> None:
    sentinels, redis = found(watched.url.replace("127.0.0.1", f"{NOBODY},127.0.0.1", 1))
    assert sentinels.state is State.WARN
    assert sentinels.said.startswith(f"{NOBODY} cannot be asked: the connection is refused; ")
    assert redis.state is State.OK


def test_no_sentinel_that_can_be_asked() -> None:
    for finding in found(f"redis+sentinel://:hunter2@{NOBODY}/{SERVICE}"):
        assert finding.state is State.FAIL
        assert f"{NOBODY} cannot be asked: the connection is refused" in finding.said
        assert "redis.url" in finding.advice


def test_a_service_that_they_do_not_know(watched: Watched) -> None:
    for finding in found(watched.url.replace(SERVICE, "other")):
        assert finding.state is State.FAIL and finding.said.endswith("knows no “other”")


def test_a_server_that_is_no_sentinel(watched: Watched) -> None:
    node = watched.primary()
    sentinels, _ = found(f"redis+sentinel://:hunter2@127.0.0.1:{node}/{SERVICE}?sentinel_password=geheim")
    assert (sentinels.state, sentinels.said) == (State.FAIL, f"127.0.0.1:{node} is no Sentinel")


def test_a_wrong_password_of_the_data_nodes(watched: Watched) -> None:
    sentinels, redis = found(watched.url.replace("geheim", "hunter2"))
    assert sentinels.state is State.OK
    assert redis.state is State.FAIL and redis.said.startswith("it does not let us in")
    _, none = found(watched.url.replace(":geheim@", ""))
    assert (none.state, none.said) == (State.FAIL, "it wants a password")


@contextmanager
def wanting_a_password(watched: Watched) -> Iterator[None]:
    port = watched.sentinels[0]
    with asking(port) as sentinel:
        sentinel.execute_command("ACL", "SETUSER", "default", "resetpass", ">own")
        try:
            yield
        finally:
            sentinel.execute_command("ACL", "SETUSER", "default", "nopass")


def test_the_password_of_the_sentinels_themselves(watched: Watched) -> None:
    with wanting_a_password(watched):
        assert found(f"{watched.url}?sentinel_password=own")[0].state is State.OK
        assert found(watched.url)[0].said.endswith("wants a password (?sentinel_password=…)")
        assert "does not let us in" in found(f"{watched.url}?sentinel_password=hunter2")[0].said


def test_an_option_that_is_none(watched: Watched) -> None:
    assert found(f"{watched.url}?colour=red")[1].said == "there is no option colour"


def test_sentinels_that_name_different_primaries_are_doubtful() -> None:
    finding = services._of_sentinels([Answer("a", "names x:1", ("x", 1)), Answer("b", "names y:1", ("y", 1))])
    assert finding.state is State.WARN and "at odds" in finding.advice


def test_no_primary_at_this_moment(tmp_path: Path) -> None:
    with watched_redis(tmp_path) as watched:
        for node in watched.nodes.values():
            node.kill()
        watched.wait_for_none()
        for finding in found(watched.url):
            assert finding.state is State.FAIL and finding.said.endswith("is down, and names no other yet")
