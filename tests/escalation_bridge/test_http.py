"""Statuses, Retry-After in both forms, and answers without an end."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_bridge import http
from leitstand.errors import DeliveryError, DeliveryOutcome
from tests.escalation_bridge.receivers import DROP, OK, WAIT, Receiver, Reply, Request, receiver
from tests.escalation_bridge.words import NOW


def post(url: str, size: int = 1000) -> http.Answer:
    async def go() -> http.Answer:
        async with aclosing(http.Client()) as client:
            return await http.post(client, url, b"{}", {}, NOW, size)

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 7 ", 7),
        ("Tue, 03 Mar 2026 08:46:00 GMT", 60),
        ("Tue, 03 Mar 2026 08:44:00 GMT", 0),
        ("Tue, 03 Mar 2026 10:46:00 +0200", 60),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 70, None),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    assert http.retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=80))
def test_no_retry_after_breaks_anything(value: str) -> None:
    wait = http.retry_after(value, NOW)
    assert wait is None or wait >= timedelta(0)


@given(st.integers(100, 599))
def test_only_2xx_is_success(status: int) -> None:
    assert (http.outcome(status) is None) == (200 <= status < 300)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, DeliveryOutcome.RETRY),
        (400, DeliveryOutcome.REFUSED),
        (401, DeliveryOutcome.UNAUTHORISED),
        (403, DeliveryOutcome.UNAUTHORISED),
        (408, DeliveryOutcome.RETRY),
        (410, DeliveryOutcome.REFUSED),
        (425, DeliveryOutcome.RETRY),
        (429, DeliveryOutcome.RATE_LIMITED),
        (500, DeliveryOutcome.RETRY),
        (503, DeliveryOutcome.RETRY),
    ],
)
def test_statuses(status: int, outcome: DeliveryOutcome) -> None:
    assert http.outcome(status) is outcome


def test_an_answer_is_read_up_to_its_cap() -> None:
    with receiver(Reply(body=b"x" * 100_000)) as server:
        assert post(server.url).body == b"x" * 1000


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere:
        with receiver(Reply(307, {"Location": elsewhere.url})) as server:
            assert post(server.url).status == 307
        assert elsewhere.requests.empty()


def test_nobody_there_means_surely_not_taken() -> None:
    with receiver() as server:
        url = server.url
    with pytest.raises(DeliveryError) as caught:
        post(url)
    assert caught.value.outcome is DeliveryOutcome.RETRY


def test_a_connection_lost_after_writing_is_doubtful() -> None:
    with receiver(DROP) as server, pytest.raises(DeliveryError) as caught:
        post(server.url)
    assert caught.value.outcome is DeliveryOutcome.UNKNOWN


async def posts(client: http.Client, url: str, count: int) -> list[int]:
    """The statuses of so many posts at once."""
    answers = await asyncio.gather(*(http.post(client, url, b"{}", {}, NOW) for _ in range(count)))
    return [answer.status for answer in answers]


@pytest.fixture
def server() -> Iterator[Receiver]:
    """One that answers at /together when three have asked."""
    three = threading.Barrier(3)

    def respond(request: Request) -> Reply:
        if request.path == "/together":
            three.wait(WAIT)
        return OK

    with receiver(respond) as one:
        yield one


def test_a_connection_is_used_again_and_one_that_was_closed_is_not(server: Receiver) -> None:
    async def go() -> list[int]:
        found = []
        async with aclosing(http.Client()) as client:
            for path, count in (("/", 1), ("/together", 3), ("/", 2)):
                assert await posts(client, server.url + path, count) == [200] * count
                found.append(len(server.connections))
            server.hang_up()
            assert await posts(client, server.url, 1) == [200]
            return [*found, len(server.connections)]

    assert asyncio.run(go()) == [1, 3, 3, 4]


def test_connections_that_rested_long_are_closed_but_for_one(server: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> int:
        async with aclosing(http.Client()) as client:
            await posts(client, server.url + "/together", 3)
            monkeypatch.setattr(http, "KEPT", -1.0)
            await posts(client, server.url, 1)
            await posts(client, server.url + "/together", 3)
            return len(server.connections)

    assert asyncio.run(go()) == 3 + 2
