"""A thousand posts through ten disconnects and as many kills: none lost, and none doubled once the store has seen them.

A kill is a restart from what was stored last: batches that were handed over but not committed come again.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from leitstand.settings import ListenerSettings
from listeners.sources import appstore, googleplay, hackernews, reddit, youtube
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_appstore import APP, FakeConnect
from tests.listeners.servers_hackernews import FakeHackerNews
from tests.listeners.servers_reddit import ID, SECRET, FakeReddit, submission
from tests.listeners.servers_youtube import CHANNEL, KEY, FakeYouTube

try:
    from tests.listeners import servers_googleplay as play
    from tests.listeners.servers_appstore import ISSUER, KEY_ID
    from tests.listeners.servers_keys import elliptic, pem
except pytest.skip.Exception:  # the extras are missing
    STORES = []
else:
    STORES = ["appstore", "googleplay"]

POSTS, BURSTS, DISCONNECTS = 1000, 10, 10


@dataclass(frozen=True)
class World:
    """A source with a server of its own: `write` publishes a post, `name` is what a post is called."""

    source: object
    settings: Callable[[str], ListenerSettings]
    write: Callable[[int], None]
    name: Callable[[int], str]
    answer: Callable[[Asked], Reply]


def store(kind: str, common: dict[str, Any]) -> World:
    if kind == "googleplay":
        shop = play.FakePlay()
        key = {"apps": [play.PACKAGE], "key": play.account_key(), "quota": 10**9, **common}
        return World(
            googleplay,
            lambda url: googleplay.Settings.model_validate({**key, "api_url": url, "login_url": f"{url}/token"}),
            shop.write,
            lambda number: f"gp:{number}",
            shop.answer,
        )
    own = FakeConnect()
    key = {"apps": [APP], "issuer_id": ISSUER, "key_id": KEY_ID, "private_key": pem(elliptic()), **common}
    return World(
        appstore,
        lambda url: appstore.Settings.model_validate({**key, "api_url": url}),
        own.write,
        lambda number: f"r{number}",
        own.answer,
    )


def world(kind: str) -> World:
    common: dict[str, Any] = {"interval": "0.01s", "allow_private": True}
    if kind in STORES:
        return store(kind, common)
    if kind == "reddit":
        one = FakeReddit()
        given = {"subreddits": ["acme"], "client_id": ID, "client_secret": SECRET, "user_agent": "acme-watch", **common}
        return World(
            reddit,
            lambda url: reddit.Settings.model_validate({**given, "api_url": url, "site_url": url}),
            lambda number: one.post(submission(number)),
            lambda number: f"t3_s{number}",
            one.answer,
        )
    if kind == "youtube":
        two = FakeYouTube()
        given = {"api_key": KEY, "channels": [CHANNEL], "quota": 10**8, **common}
        return World(
            youtube,
            lambda url: youtube.Settings.model_validate({**given, "api_url": url}),
            two.write,
            lambda number: f"T{number}",
            two.answer,
        )
    three = FakeHackerNews()
    return World(
        hackernews,
        lambda url: hackernews.Settings.model_validate({**common, "api_url": url, "search_url": url}),
        three.write,
        str,
        three.answer,
    )


@contextmanager
def unreliable(answer: Callable[[Asked], Reply], chance: random.Random) -> Iterator[str]:
    """Ten of the first answers break off half-way."""
    broken = set(chance.sample(range(3, 60), DISCONNECTS))
    asked = iter(range(10**9))
    with serving(lambda one: replace(answer(one), drop=next(asked) in broken)) as url:
        yield url


@pytest.mark.parametrize("kind", ["reddit", "hackernews", "youtube", *STORES])
def test_a_thousand_posts_come_through(kind: str) -> None:
    chance = random.Random(7)
    there = world(kind)
    cursors: dict[str, str] = {}
    kept: list[str] = []

    async def take(one: Hearing) -> None:
        """A batch, and the commit."""
        count = len(one.heard)
        await one.next()
        kept.extend(one.heard[count:])

    async def some(one: Hearing) -> None:
        """A few batches, then killed; at times between handing over and committing."""
        for _ in range(chance.randint(0, 3)):
            await take(one)
        stored = dict(cursors)
        await one.next()
        cursors.clear()
        cursors.update(stored)

    async def all_of_it(one: Hearing) -> None:
        while len(kept) < written:
            await take(one)
        for _ in range(4):
            await take(one)

    with unreliable(there.answer, chance) as url:
        settings, written = there.settings(url), 1
        there.write(1)
        run(there.source, settings, all_of_it, cursors)
        for _ in range(BURSTS):
            for number in range(written + 1, written + 1 + POSTS // BURSTS):
                there.write(number)
            written += POSTS // BURSTS
            run(there.source, settings, some, cursors)
        run(there.source, settings, all_of_it, cursors)
    assert sorted(kept) == sorted(there.name(number) for number in range(1, written + 1))
