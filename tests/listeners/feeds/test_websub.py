"""WebSub with a hub that speaks it: subscribe, confirm, deliver signed, renew; and polling goes on whatever happens."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import HookRefusedError
from listeners.feeds import chorus, websub
from listeners.feeds.document import Feed
from listeners.feeds.websub import LEASE, RENEW_AFTER, Hub, Push, hub_of, pushed
from listeners.fetch import Page
from listeners.hooks import HookRequest
from listeners.plaintext import is_link
from listeners.sources import feed
from listeners.sources.feed import Settings, receive
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_feed import FeedServer, item, rss

SECRET = "made-by-the-operator"
PUSH = Push("https://leitstand.example/hooks/blogs", SECRET)


class FakeHub:
    """Takes subscriptions, and can call as a hub does."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.reply = Reply("", 202)
        self.url = ""

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.reply

    def request(
        self,
        method: Any,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        more: dict[str, str] | None = None,
    ) -> HookRequest:
        """A call of the callback that was subscribed last."""
        callback = urlsplit(self.asked[-1].query["hub.callback"])
        return HookRequest(
            method, headers or {}, {**dict(parse_qsl(callback.query)), **(more or {})}, body, clock.now()
        )

    def asks_back(self, **more: str) -> HookRequest:
        asked = {"hub.mode": "subscribe", "hub.topic": self.asked[-1].query["hub.topic"], "hub.challenge": "4711"}
        return self.request("GET", more=asked | more)

    def delivers(self, body: str, method: str = "sha256", secret: str = "") -> HookRequest:
        key = (secret or self.asked[-1].query["hub.secret"]).encode()
        signature = hmac.new(key, body.encode(), method).hexdigest()
        return self.request("POST", body.encode(), {"x-hub-signature": f"{method}={signature}"})


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    one = FakeHub()
    with serving(one.answer) as one.url:
        yield one


def head(hub: str, topic: str) -> str:
    atom = 'xmlns:atom="http://www.w3.org/2005/Atom"'
    links = f'<atom:link {atom} rel="hub" href="{hub}"/><atom:link {atom} rel="self" href="{topic}"/>'
    return f"<link>http://blog.example/</link>{links}"


def settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "urls": [url],
            "allow_private": True,
            "min_interval": "0.1s",
            "max_interval": "0.1s",
            "push_url": PUSH.url,
            "push_secret": SECRET,
        }
    )


def looked(url: str, looks: int, cursors: dict[str, str]) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(feed, settings(url), go, cursors)


def test_a_feed_with_a_hub_is_subscribed_to_and_heard_by_either_way_as_the_same(
    feeds: FeedServer, hub: FakeHub
) -> None:
    topic = f"{feeds.url}/websub/a"
    url = feeds.put("/websub/a", rss(item("1"), head=head(hub.url, topic)))
    cursors: dict[str, str] = {}
    looked(url, 3, cursors)
    [asked] = hub.asked
    assert asked.method == "POST"
    assert (asked.query["hub.mode"], asked.query["hub.topic"]) == ("subscribe", topic)
    assert asked.query["hub.lease_seconds"] == str(LEASE)
    assert asked.query["hub.callback"].startswith(f"{PUSH.url}?topic=")
    assert SECRET not in str(asked)
    assert receive(settings(url), hub.asks_back()).said == "4711"

    received = receive(settings(url), hub.delivers(rss(item("2"), item("1"))))
    assert received.batch is not None
    names = [m.external_id for m in received.batch.mentions]
    feeds.put("/websub/a", rss(item("2"), item("1"), head=head(hub.url, topic)))
    assert looked(url, 1, cursors).heard == names[:1]


def test_a_subscription_is_renewed_when_it_is_due_and_not_before(feeds: FeedServer, hub: FakeHub) -> None:
    url = feeds.put("/websub/b", rss(item("1"), head=head(hub.url, f"{feeds.url}/websub/b")), etag=True)
    cursors: dict[str, str] = {}
    looked(url, 3, cursors)
    looked(url, 3, cursors)
    assert len(hub.asked) == 1
    memory = json.loads(cursors[url])
    assert time.time() + RENEW_AFTER - 60 < memory["renewAt"] <= time.time() + RENEW_AFTER
    cursors[url] = json.dumps({**memory, "renewAt": time.time() - 1})
    looked(url, 2, cursors)
    assert len(hub.asked) == 2


def test_posts_that_were_heard_when_a_fault_of_ours_came_are_heard_again(
    feeds: FeedServer, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = feeds.put("/websub/fault", rss(item("1"), head=head(hub.url, f"{feeds.url}/websub/fault")), etag=True)
    subscribe, faults = websub.subscribe, [KeyError("unforeseen")]

    async def shaky(*asked: Any) -> None:
        if faults:
            raise faults.pop()
        await subscribe(*asked)

    monkeypatch.setattr(websub, "subscribe", shaky)
    monkeypatch.setattr(chorus, "AFTER_OUR_FAULT", 0.01)
    assert len(looked(url, 3, {}).heard) == 1 and not faults


@pytest.mark.parametrize("reply", [Reply("no", 500), Reply("", 404), Reply("", 307, {"Location": "/on"})])
def test_a_hub_in_trouble_stops_no_polling(feeds: FeedServer, hub: FakeHub, reply: Reply) -> None:
    hub.reply = reply
    path = f"/websub/trouble{reply.status}"
    url = feeds.put(path, rss(item("1"), head=head(hub.url, feeds.url + path)))
    cursors: dict[str, str] = {}
    found = looked(url, 3, cursors)
    assert (found.heard, found.errors) == (["https://blog.example/1"], {})
    assert len(hub.asked) == (2 if reply.status == 307 else 1)
    assert json.loads(cursors[url])["renewAt"] < time.time() + RENEW_AFTER - 60


def test_without_a_push_url_nothing_is_subscribed_and_nothing_taken(feeds: FeedServer, hub: FakeHub) -> None:
    url = feeds.put("/websub/c", rss(item("1"), head=head(hub.url, f"{feeds.url}/websub/c")))
    looked(url, 2, {})
    plain = settings(url).model_copy(update={"push_url": "", "push_secret": None})

    async def go(one: Hearing) -> None:
        await one.looks(3)

    run(feed, plain, go)
    assert len(hub.asked) == 1
    with pytest.raises(HookRefusedError, match="takes no calls") as caught:
        receive(plain, hub.asks_back())
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "more",
    [
        {"key": "guessed"},
        {"topic": "https://other.example/"},
        {"hub.topic": "https://other.example/"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
    ],
)
def test_only_our_own_subscriptions_are_confirmed(feeds: FeedServer, hub: FakeHub, more: dict[str, str]) -> None:
    url = feeds.put("/websub/d", rss(item("1"), head=head(hub.url, f"{feeds.url}/websub/d")))
    looked(url, 1, {})
    with pytest.raises(HookRefusedError, match="no such subscription") as caught:
        receive(settings(url), hub.asks_back(**more))
    assert caught.value.status == 404
    assert receive(settings(url), hub.asks_back(**{"hub.mode": "denied"})).said == "understood"


def subscribed(topic: str) -> FakeHub:
    """A hub that has our subscription."""
    one = FakeHub()
    form = {"hub.callback": PUSH.callback(topic), "hub.secret": PUSH.signing(topic), "hub.topic": topic}
    one.asked.append(Asked("POST", "/", form, {}))
    return one


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_deliveries_are_taken_if_they_are_signed(method: str) -> None:
    hub = subscribed("https://blog.example/feed")
    assert pushed(PUSH, hub.delivers("x", method)) == "https://blog.example/feed"
    for bad in (hub.delivers("x", method, secret="guessed"), hub.request("POST", b"x"), hub.delivers("x", "md5")):
        with pytest.raises(HookRefusedError) as caught:
            pushed(PUSH, bad)
        assert caught.value.status == 401


def test_what_is_delivered_is_read_like_what_is_fetched() -> None:
    given, hub = settings("https://blog.example/feed"), subscribed("https://blog.example/feed")
    batch = receive(given, hub.delivers(rss(item("2")))).batch
    assert batch is not None
    assert [(m.external_id, m.text) for m in batch.mentions] == [
        ("https://blog.example/2", "Acme cloud is down again: 2")
    ]
    assert receive(given, hub.delivers(rss())).batch is None
    for bad, said in ((hub.delivers("just words"), "this is no feed"), (hub.delivers("x" * 11_000_000), "larger than")):
        with pytest.raises(HookRefusedError, match=said):
            receive(given, bad)


def page(link: str = "") -> Page:
    return Page(200, "https://blog.example/feed", httpx.Headers({"link": link} if link else {}))


@pytest.mark.parametrize(
    ("link", "found", "hub"),
    [
        ("", Feed(), None),
        ("", Feed(hub="https://hub.example/"), Hub("https://hub.example/", "https://blog.example/feed")),
        (
            '<https://hub.example/>; rel="hub", </feed.xml>; rel=self',
            Feed(hub="https://other.example/", topic="https://other.example/feed"),
            Hub("https://hub.example/", "https://blog.example/feed.xml"),
        ),
        ("<mailto:hub@hub.example>; rel=hub", Feed(), None),
        ("<http://[>; rel=hub", Feed(hub="http://[", topic="http://["), None),
        ("<https://hub.example/>; title=x; rel='next hub'", Feed(), None),
        ('<https://hub.example/>; rel="next hub"', Feed(), Hub("https://hub.example/", "https://blog.example/feed")),
    ],
)
def test_where_a_hub_is_named(link: str, found: Feed, hub: Hub | None) -> None:
    assert hub_of(page(link), found) == hub


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60), st.text(max_size=20))
@example('<https://hub.example/>; rel="hub"', "no address")
def test_whatever_a_link_header_says_only_addresses_are_called(link: str, named: str) -> None:
    found = hub_of(page(link), Feed(hub=named, topic=named))
    assert found is None or (is_link(found.url) and is_link(found.topic))


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_key_is_for_one_topic_and_one_secret(topic: str, other: str) -> None:
    query = dict(parse_qsl(urlsplit(PUSH.callback(topic)).query, keep_blank_values=True))
    asked = HookRequest("GET", {}, query, b"", clock.now())
    if topic.isascii() and topic.isprintable():
        assert PUSH.topic_of(asked) == topic
    if other != topic:
        with pytest.raises(HookRefusedError):
            PUSH.topic_of(HookRequest("GET", {}, {**query, "topic": other}, b"", clock.now()))
        with pytest.raises(HookRefusedError):
            Push(PUSH.url, other).topic_of(asked)
    assert len(PUSH.signing(topic)) < 200
    assert hashlib.sha256(SECRET.encode()).hexdigest() not in PUSH.signing(topic)
