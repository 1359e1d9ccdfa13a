"""What is made once for many: it is what each of them would have got, and holds nothing of any of them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import text

from console.web import shared
from console.web.live import INTERVAL, LONGEST, Live, pause
from console.web.shared import Shared
from tests.console.running import ACT, READ, Console
from tests.console.visiting import sign_in


class Desk:
    """Something to look at, and how often its part was made."""

    def __init__(self) -> None:
        self.mark = "first"
        self.made = 0

    def part(self) -> bytes:
        self.made += 1
        return f"{self.mark} {self.made}".encode()


async def listened(live: Live) -> AsyncIterator[None]:
    """A page that listens: goes on whenever it is told of a change."""
    async with live.watching():
        async for event in live.changes():
            if event.event == "changed":
                yield


def with_a_page_open(act: Callable[[Desk, Shared, AsyncIterator[None]], object]) -> Desk:
    """Do something while a page listens and the first look was taken."""
    desk = Desk()

    async def go() -> None:
        live = Live(lambda: desk.mark, interval=0)
        told = listened(live)
        await anext(told)
        await act(desk, Shared(live), told)  # type: ignore[misc]

    asyncio.run(go())
    return desk


def test_what_many_ask_for_in_one_moment_is_made_once_for_each_key() -> None:
    async def act(desk: Desk, parts: Shared, told: AsyncIterator[None]) -> None:
        same = await asyncio.gather(*(parts.get("wall", desk.part) for _ in range(20)))
        assert same == [b"first 1"] * 20
        assert await parts.get("another", desk.part) == b"first 2"
        assert await parts.get("wall", desk.part) == b"first 1"

    assert with_a_page_open(act).made == 2


def test_a_change_that_was_seen_is_in_what_is_made_next() -> None:
    async def act(desk: Desk, parts: Shared, told: AsyncIterator[None]) -> None:
        await parts.get("wall", desk.part)
        desk.mark = "second"
        await anext(told)
        assert await parts.get("wall", desk.part) == b"second 2"

    with_a_page_open(act)


def test_a_part_is_kept_no_longer_than_its_countdowns_are_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 0)

    async def act(desk: Desk, parts: Shared, told: AsyncIterator[None]) -> None:
        await parts.get("wall", desk.part)
        assert await parts.get("wall", desk.part) == b"first 2"

    with_a_page_open(act)


def test_while_nobody_listens_nothing_is_kept() -> None:
    async def go() -> list[bytes]:
        desk, parts = Desk(), Shared(Live(lambda: "first"))
        return [await parts.get("wall", desk.part) for _ in range(2)]

    assert asyncio.run(go()) == [b"first 1", b"first 2"]


def test_who_asks_after_a_change_of_his_own_gets_nothing_that_was_begun_before() -> None:
    async def act(desk: Desk, parts: Shared, told: AsyncIterator[None]) -> None:
        begun, goes_on = threading.Event(), threading.Event()

        def slowly() -> bytes:
            begun.set()
            goes_on.wait(60)
            return b"before"

        before = asyncio.create_task(parts.get("wall", slowly))
        await asyncio.to_thread(begun.wait, 60)
        parts.forget()
        assert await parts.get("wall", desk.part) == b"first 1"
        goes_on.set()
        assert await before == b"before"
        assert await parts.get("wall", desk.part) == b"first 1"

    with_a_page_open(act)


def test_what_failed_is_tried_again_and_who_leaves_takes_it_from_nobody() -> None:
    async def act(desk: Desk, parts: Shared, told: AsyncIterator[None]) -> None:
        def fails() -> bytes:
            desk.part()
            raise ValueError

        for _ in range(2):
            with pytest.raises(ValueError):
                await parts.get("broken", fails)
        leaves, stays = (asyncio.create_task(parts.get("wall", desk.part)) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        assert await stays == b"first 3"

    assert with_a_page_open(act).made == 3


def test_pages_are_told_later_of_changes_where_they_are_dear_but_soon_enough() -> None:
    assert pause(0) == pause(INTERVAL / 8) == INTERVAL
    assert INTERVAL < pause(INTERVAL / 2) < pause(INTERVAL / 1.5) < LONGEST
    assert pause(60) == LONGEST <= 5


@contextmanager
def open_page(client: httpx.Client) -> Iterator[None]:
    """A page that listens, and was told that something changed."""
    with client.stream("GET", "/live") as response:
        lines = response.iter_lines()  # whoever drops it closes the page
        assert "event: changed" in lines
        yield


def test_what_visitors_share_holds_nothing_of_any_of_them(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 3600)
    number = console.open_case(author="stranger")
    with console.database.begin() as connection:
        connection.execute(text("UPDATE cases SET review = 'not sure'"))
    with (
        sign_in(console, ACT, "Ana Costa") as ana,
        sign_in(console, ACT, "Ben Roth") as ben,
        sign_in(console, READ, "Cleo Wall") as reader,
        open_page(ana),
    ):
        for path in ("/board", "/review/part"):
            first = ana.get(path).text
            with console.database.begin() as connection:  # no mark tells of it: only what is made anew shows it
                connection.execute(text("UPDATE cases SET mention_count = mention_count + 1"))
            assert ben.get(path).text == first
            for one in (ana, ben, reader):
                said, own = one.get(path).text, one.cookies["leitstand_session"]
                for private in ("Ana Costa", "Ben Roth", "Cleo Wall", "(desk)", "(wall)", own, READ, ACT):
                    assert private not in said
            assert ana.get(path, headers={"Accept-Language": "de"}).text != first
            assert ana.get(f"{path}?channel=mastodon").text != first
        assert f"/cases/{number}/approve" in ana.get("/review/part").text
        assert f"/cases/{number}/approve" not in reader.get("/review/part").text
        for one, name in ((ana, "Ana Costa"), (ben, "Ben Roth"), (reader, "Cleo Wall")):
            assert name in one.get("/").text
    with console.client() as stranger:
        assert stranger.get("/board").status_code == 303


def test_who_acts_is_shown_it_at_once(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "KEPT", 3600)
    number = console.open_case()
    with console.database.begin() as connection:
        connection.execute(text("UPDATE cases SET review = 'not sure'"))
    with sign_in(console, ACT) as client, open_page(client):
        assert f"/cases/{number}/approve" in client.get("/review/part").text
        client.post(f"/cases/{number}/approve", data={"next": "/review"})
        assert "No case waits for a person" in client.get("/review/part").text
