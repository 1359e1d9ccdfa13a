"""Fetching: polite, capped, and never to a private address unasked."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import FetchError
from listeners.addresses import is_public
from listeners.fetch import Fetcher, Limits, Page, retry_after, without_login
from tests.listeners.servers_feed import FeedServer

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HERE = Limits(allow_private=True, seconds=10)
T = TypeVar("T")
_numbers = count()


@pytest.fixture
def path() -> str:
    return f"/fetch/{next(_numbers)}"


def fetch(url: str, limits: Limits = HERE, headers: dict[str, str] | None = None) -> Page:
    return using(lambda fetcher: fetcher.get(url, headers), limits)


def using(do: Callable[[Fetcher], Awaitable[T]], limits: Limits = HERE) -> T:
    async def go() -> T:
        async with Fetcher(limits) as fetcher:
            return await do(fetcher)

    return asyncio.run(go())


def test_a_page_comes_with_its_validators_and_we_say_who_we_are(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, "hello", etag=True, modified="Tue, 03 Mar 2026 10:00:00 GMT")
    page = fetch(url).check()
    assert (page.status, page.body, page.url, page.moved_to) == (200, b"hello", url, "")
    asked = {"If-None-Match": page.headers["etag"], "If-Modified-Since": page.headers["last-modified"]}
    again = fetch(url, headers=asked).check()
    assert (again.not_modified, again.body) == (True, b"")
    [first, second] = feeds.asked(path, 2)
    assert first["user-agent"].startswith("leitstand ")
    assert (second["if-none-match"], second["if-modified-since"]) == (
        page.headers["etag"],
        "Tue, 03 Mar 2026 10:00:00 GMT",
    )


@pytest.mark.parametrize("packed", ["gzip", "deflate", "raw"])
def test_it_is_unpacked(feeds: FeedServer, path: str, packed: str) -> None:
    text = "Grüße " * 50_000
    assert fetch(feeds.put(path, text, packed=packed)).body.decode() == text


def test_a_packing_we_did_not_ask_for_is_told(feeds: FeedServer, path: str) -> None:
    with pytest.raises(FetchError, match="packs its answer as 'br', which we did not ask for"):
        fetch(feeds.put(path, "x", headers={"Content-Encoding": "br"}))


def test_broken_packing_is_told(feeds: FeedServer, path: str) -> None:
    with pytest.raises(FetchError, match="answers what cannot be read"):
        fetch(feeds.put(path, "not gzip at all", headers={"Content-Encoding": "gzip"}))


@pytest.mark.parametrize("wrong", ["bomb", "endless"])
def test_no_more_is_taken_than_allowed(feeds: FeedServer, path: str, wrong: str) -> None:
    with pytest.raises(FetchError, match="answers more than 2,000,000 bytes"):
        fetch(feeds.put(path, wrong=wrong), Limits(size=2_000_000, allow_private=True))


@pytest.mark.parametrize("wrong", ["trickle", "hang"])
def test_the_time_is_limited_in_all(feeds: FeedServer, path: str, wrong: str) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 did not finish its answer within 0\.4 seconds"):
        fetch(feeds.put(path, wrong=wrong), Limits(seconds=0.4, allow_private=True))


def test_hanging_up_is_told(feeds: FeedServer, path: str) -> None:
    with pytest.raises(FetchError, match="answers what cannot be read"):
        fetch(feeds.put(path, wrong="drop"))


def test_nobody_there_is_told_without_the_address(feeds: FeedServer) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 cannot be reached") as caught:
        fetch("http://user:hidden@127.0.0.1:1/secret-path")
    assert "hidden" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_permanent_moves_are_remembered_as_far_as_they_are_permanent(feeds: FeedServer, path: str) -> None:
    for number, status in enumerate((301, 308, 302, 307)):
        feeds.put(f"{path}/{number}", status=status, headers={"Location": f"{path}/{number + 1}"})
    feeds.put(f"{path}/4", "there")
    page = fetch(feeds.url + f"{path}/0")
    assert (page.body, page.url, page.moved_to) == (b"there", f"{feeds.url}{path}/4", f"{feeds.url}{path}/2")


def test_redirects_end(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, status=302, headers={"Location": path})
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetch(url)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://[", "", "http://"])
def test_redirects_lead_nowhere_else(feeds: FeedServer, path: str, target: str) -> None:
    headers = {"Location": target} if target else {}
    with pytest.raises(FetchError):
        fetch(feeds.put(path, status=301, headers=headers))


def test_a_login_stays_with_its_server(feeds: FeedServer, path: str) -> None:
    other = feeds.url.replace("127.0.0.1", "localhost")
    feeds.put(path, status=302, headers={"Location": f"{other}{path}/on"})
    feeds.put(f"{path}/on", "x")
    fetch(f"http://user:pass@{feeds.url.removeprefix('http://')}{path}")
    assert feeds.asked(path, 1)[0]["authorization"] == "Basic dXNlcjpwYXNz"
    onward = feeds.asked(f"{path}/on", 1)[0]
    assert "authorization" not in onward
    assert onward["user-agent"] == feeds.asked(path, 1)[0]["user-agent"]


def test_cookies_are_not_kept(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, "x", headers={"Set-Cookie": "who=me"})

    async def twice(fetcher: Fetcher) -> None:
        await fetcher.get(url)
        await fetcher.get(url)

    using(twice)
    assert "cookie" not in feeds.asked(path, 2)[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://0.0.0.0:{port}/",
    ],
)
def test_private_addresses_are_refused_unless_allowed(feeds: FeedServer, url: str) -> None:
    address = url.format(port=feeds.url.rpartition(":")[2])
    with pytest.raises(FetchError, match="not a public address; `allow_private = true` allows it") as caught:
        fetch(address, Limits())
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a00:1", False),
        ("2002:0a00:0001::1", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@given(st.ip_addresses())
def test_what_is_private_is_never_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not is_public(address) or (address.version == 6 and address.ipv4_mapped is not None)


def test_a_host_is_asked_by_one_request_at_a_time(feeds: FeedServer, path: str) -> None:
    """A trickling answer keeps the host's other addresses waiting, and no other host."""
    slow, quick = feeds.put(f"{path}/slow", wrong="trickle"), feeds.put(f"{path}/quick", "x")
    elsewhere = quick.replace("127.0.0.1", "localhost")

    async def go(fetcher: Fetcher) -> list[str]:
        order: list[str] = []

        async def one(name: str, url: str) -> None:
            with suppress(FetchError):
                await fetcher.get(url)
            order.append(name)

        first, second = asyncio.create_task(one("slow", slow)), asyncio.create_task(one("quick", quick))
        await asyncio.to_thread(feeds.asked, f"{path}/slow", 1)
        await one("elsewhere", elsewhere)
        assert order == ["elsewhere"]
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        return order

    assert using(go, Limits(seconds=60, allow_private=True)) == ["elsewhere", "quick"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_that_wants_quiet_gets_it(feeds: FeedServer, path: str, status: int) -> None:
    url = feeds.put(path, status=status, headers={"Retry-After": "100"})

    async def go(fetcher: Fetcher) -> FetchError:
        with pytest.raises(FetchError) as first:
            (await fetcher.get(url)).check()
        assert first.value.retry_after == timedelta(seconds=100)
        with pytest.raises(FetchError, match="has asked to be left alone") as second:
            await fetcher.get(url + "/other")
        return second.value

    error = using(go)
    assert error.retry_after is not None
    assert 30 < error.retry_after.total_seconds() <= 100
    assert len(feeds.asked(path)) == 1


@pytest.mark.parametrize(
    ("status", "permanent", "said"),
    [
        (401, True, "asks for a login"),
        (403, True, "refuses us"),
        (404, False, "does not have it"),
        (410, True, "gone for ever"),
        (500, False, r"cannot answer \(HTTP 500\)"),
    ],
)
def test_what_is_no_success_is_told(feeds: FeedServer, path: str, status: int, permanent: bool, said: str) -> None:
    page = fetch(feeds.put(path, status=status))
    with pytest.raises(FetchError, match=said) as caught:
        page.check()
    assert (caught.value.permanent, caught.value.status) == (permanent, status)


def test_a_server_for_browsers_only_is_told(feeds: FeedServer, path: str) -> None:
    page = fetch(feeds.put(path, "<html>", status=403, headers={"cf-mitigated": "challenge"}))
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 lets only browsers in \(HTTP 403\)"):
        page.check()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0),
        ("Tue, 03 Mar 2026 12:05:00", 300),
        ("99999999999999999999", 86400),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 86400),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_comes_in_two_forms(value: str, seconds: float | None) -> None:
    found = retry_after({"retry-after": value}, NOW)
    assert (None if found is None else found.total_seconds()) == seconds


@given(st.text())
def test_any_retry_after_is_survived(value: str) -> None:
    found = retry_after({"retry-after": value}, NOW)
    assert found is None or timedelta(0) <= found <= timedelta(days=1)


@pytest.mark.parametrize("url", ["", "nothing", "http://", "gopher://x", "http://[::1"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(url)
    assert caught.value.permanent


def test_a_form_is_posted_once(feeds: FeedServer, path: str) -> None:
    page = using(lambda fetcher: fetcher.post(feeds.url + path + "?0", {"a": "b"}))
    assert (page.status, page.body) == (200, b"[]")


def test_addresses_are_shown_without_a_login() -> None:
    assert without_login("https://me:secret@x.example/a@b") == "https://x.example/a@b"
    assert without_login("https://x.example") == "https://x.example"
