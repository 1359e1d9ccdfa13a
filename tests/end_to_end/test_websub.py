"""A hub, a feed that names it, a listener that subscribes, and the console it calls: all of them real, over HTTP."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from console import spawn
from leitstand.settings import ListenerSettings, Server
from listeners.sources import feed
from tests.console.running import Console, running, settings
from tests.listeners.committing import Ear
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_feed import item, rss

SECRET = "made-by-the-operator"


class Hub:
    """A hub with the feed of one blog. It grants nothing before its question was answered, and signs what it sends."""

    def __init__(self) -> None:
        self.entries = [item("1")]
        self.pending: dict[str, str] = {}
        self.callback = self.key = self.url = ""

    @property
    def topic(self) -> str:
        return f"{self.url}/feed"

    def document(self) -> str:
        atom = 'xmlns:atom="http://www.w3.org/2005/Atom"'
        hub = f'<atom:link {atom} rel="hub" href="{self.url}/hub"/>'
        return rss(*self.entries, head=f'{hub}<atom:link {atom} rel="self" href="{self.topic}"/>')

    def answer(self, asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(self.document())
        self.pending = dict(asked.query)
        return Reply("", 202)

    def verify(self, **instead: str) -> httpx.Response:
        """Ask the subscriber whether it meant it. Only who repeats the challenge is called from now on."""
        question = {"hub.mode": "subscribe", "hub.topic": self.topic, "hub.challenge": "4711", "hub.lease_seconds": "9"}
        address = httpx.URL(self.pending["hub.callback"]).copy_merge_params({**question, **instead})
        answered = httpx.get(address, timeout=30)
        if answered.status_code == 200 and answered.text == "4711":
            self.callback, self.key = self.pending["hub.callback"], self.pending["hub.secret"]
        return answered

    def publish(self, body: str, *, key: str | None = None, signed: bool = True) -> httpx.Response:
        """Tell the subscriber what is new."""
        content = body.encode()
        mark = hmac.new((self.key if key is None else key).encode(), content, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/rss+xml", "Link": f'<{self.url}/hub>; rel="hub"'}
        headers |= {"X-Hub-Signature": f"sha256={mark}"} if signed else {}
        return httpx.post(self.callback, content=content, headers=headers, timeout=30)


@dataclass(frozen=True)
class World:
    """The hub, the console that it calls, and the listener that polls."""

    hub: Hub
    console: Console
    ear: Ear

    def poll(self, count: int) -> None:
        """The listener looks until so many posts are stored and it has looked once more."""

        def enough() -> bool:
            return self.ear.count() >= count and bool(self.ear.batches)

        self.ear.batches.clear()
        asyncio.run(self.ear.listen(enough, within=60))


@contextmanager
def subscribed(database: Engine, redis_url: str, folder: Path) -> Iterator[World]:
    hub, port = Hub(), spawn.free_port()
    with serving(hub.answer) as hub.url:
        often = {"min_interval": "0.1s", "max_interval": "0.1s", "allow_private": True}
        push = {"push_url": f"http://127.0.0.1:{port}/hooks/blogs", "push_secret": SECRET}
        listener = feed.Settings.model_validate({"urls": [hub.topic], **often, **push})
        made = settings(folder)
        listeners: dict[str, ListenerSettings] = {**made.listeners, "blogs": listener}
        server = Server(data_dir=folder, listen=f"127.0.0.1:{port}")
        config = made.model_copy(update={"listeners": listeners, "server": server})
        with running(config, database, redis_url) as console:
            world = World(hub, console, Ear(database, redis_url, feed, listener))
            world.poll(1)
            assert hub.pending["hub.mode"] == "subscribe"
            yield world


@pytest.fixture
def world(database: Engine, redis_url: str, tmp_path: Path) -> Iterator[World]:
    with subscribed(database, redis_url, tmp_path) as one:
        yield one


def names(*numbers: str) -> list[str]:
    return [f"https://blog.example/{number}" for number in numbers]


def test_what_the_hub_brings_is_stored_once_and_the_poll_finds_nothing_new(world: World) -> None:
    answered = world.hub.verify()
    assert (answered.status_code, answered.text) == (200, "4711")
    world.hub.entries.insert(0, item("2"))
    told = [world.hub.publish(world.hub.document()) for _ in range(2)]
    assert [one.status_code for one in told] == [200, 200]
    assert [(one.json()["accepted"], one.json()["duplicates"]) for one in told] == [(1, 1), (0, 2)]
    assert world.ear.kept() == names("1", "2")
    world.poll(2)
    assert world.ear.count() == 2


def test_what_is_not_signed_by_the_hub_is_refused_and_not_stored(world: World) -> None:
    world.hub.verify()
    lie = rss(item("99"))
    refused = [world.hub.publish(lie, key="guessed"), world.hub.publish(lie, signed=False)]
    assert [one.status_code for one in refused] == [401, 401]
    assert refused[0].json()["error"] == "the signature in x-hub-signature is not right"
    world.hub.callback = world.hub.callback.replace("key=", "key=0")
    assert world.hub.publish(lie).status_code == 404
    assert world.ear.kept() == names("1")


def test_a_question_for_what_was_never_subscribed_to_is_denied(world: World) -> None:
    assert world.hub.verify(**{"hub.topic": "https://blog.example/other"}).status_code == 404
    assert world.hub.verify(**{"hub.mode": "unsubscribe"}).status_code == 404
    assert world.hub.callback == ""
    assert SECRET not in str(world.hub.pending)


def test_a_push_that_is_no_feed_is_refused_in_words_and_the_next_one_is_taken(world: World) -> None:
    world.hub.verify()
    answered = world.hub.publish("<html>busy</html>")
    assert (answered.status_code, answered.json()["error"]) == (422, "this is a web page, no feed")
    assert world.hub.publish(rss(item("2"))).status_code == 200
    assert world.ear.kept() == names("1", "2")
