"""One URL for a Redis whose primary Sentinels name."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import parse_url

from leitstand.sentinel_url import is_sentinel, read

_NAMES = st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True) | st.ip_addresses(v=6).map(str)
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def test_all_that_it_can_say() -> None:
    url = read(
        "rediss+sentinel://anna:p%40ss@a:1,b,[::1]:3/my%20master/2"
        "?sentinel_username=s&sentinel_password=p%26&ssl_ca_certs=/etc/own.pem"
    )
    assert url.sentinels == (("a", 1), ("b", 26379), ("::1", 3))
    assert (url.service, url.tls, url.username, url.password) == ("my master", True, "s", "p&")
    assert url.data == "rediss://anna:p%40ss@primary/2?ssl_ca_certs=%2Fetc%2Fown.pem"
    assert "p%40ss" not in repr(url) and "p&" not in repr(url)


def test_the_least_that_it_can_say() -> None:
    url = read("redis+sentinel://a/m")
    assert (url.sentinels, url.service, url.tls, url.username, url.password) == (
        (("a", 26379),),
        "m",
        False,
        None,
        None,
    )
    assert parse_url(url.data)["db"] == 0  # type: ignore[no-untyped-call]


@given(st.lists(st.tuples(_NAMES, st.integers(1, 65535)), min_size=1, max_size=4), _WORDS, _WORDS, st.integers(0, 99))
def test_what_is_written_is_read(hosts: list[tuple[str, int]], service: str, password: str, database: int) -> None:
    told = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in hosts)
    url = read(f"redis+sentinel://:{quote(password, safe='')}@{told}/{quote(service, safe='')}/{database}")
    assert (list(url.sentinels), url.service) == (hosts, service)
    data = parse_url(url.data)  # type: ignore[no-untyped-call]
    assert (data["password"], data["db"]) == (password, database)


@pytest.mark.parametrize("hosts", ["", "a,,b", "a:0", "a:65536", "a:b", "a b", "[::1", "::1"])
def test_what_is_no_sentinel(hosts: str) -> None:
    with pytest.raises(ValueError, match="names a Sentinel that is none"):
        read(f"redis+sentinel://:hunter2@{hosts}/m")


@pytest.mark.parametrize("path", ["", "/", "/m/x", "/m/0/1"])
def test_without_a_service_or_with_another_database_than_a_number(path: str) -> None:
    with pytest.raises(ValueError, match="must end with the service's name"):
        read(f"redis+sentinel://:hunter2@a:26379{path}")


def test_one_server_is_no_sentinel() -> None:
    assert is_sentinel("redis+sentinel://a/m") and is_sentinel("rediss+sentinel://a/m")
    assert not is_sentinel("redis://a/0") and not is_sentinel("unix:///a")
