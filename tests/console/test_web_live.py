"""The event stream: it says that something changed, and never holds up a stop."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from console import app
from console.web import live
from console.web.live import Live
from console.web.render import STATIC
from leitstand import keeping
from tests.console.running import TOKENS, Console, running, settings


def events(response: httpx.Response) -> Iterator[str]:
    """The names of the events, as they come, but for those that only say that the console is there."""
    names = (line.removeprefix("event: ") for line in response.iter_lines() if line.startswith("event: "))
    return (name for name in names if name != "alive")


def test_a_change_is_told_to_an_open_page(open_console: Console) -> None:
    with open_console.client() as client, client.stream("GET", "/live") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = events(response)
        assert next(told) == "ready"
        for author in (
            "ana",
            "ben",
        ):  # the first look may tell of a change, too: another page may have seen other cases
            open_console.open_case(author=author)
            assert next(told) == "changed"


def test_an_open_page_hears_twice_at_least_that_the_console_is_there_before_it_believes_itself_alone() -> None:
    told = live.stream(Live(lambda: ""))
    assert told.ping_interval == live.PING
    assert told.ping_message_factory is not None
    assert told.ping_message_factory().encode().startswith(b"event: alive")
    script = (STATIC / "console.js").read_text()
    silence = re.search(r"SILENCE = (\d+);", script)
    assert silence and int(silence[1]) > 2 * live.PING * 1000 and '"alive"' in script


def test_strangers_hear_nothing(console: Console) -> None:
    with console.client() as client:
        assert client.get("/live").status_code == 303


@pytest.mark.parametrize("readers", [1, 5])
def test_open_streams_end_when_the_console_stops(
    database: Engine, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readers: int
) -> None:
    monkeypatch.setattr(app, "STOP_SECONDS", 3600)
    ended: list[str] = []
    ready = threading.Barrier(readers + 1)

    def read(url: str) -> None:
        with httpx.stream("GET", f"{url}/live", timeout=60) as response:
            told = events(response)
            next(told)
            ready.wait(60)
            list(told)
        ended.append(url)

    with running(settings(tmp_path), database, redis_url) as console:
        threads = [threading.Thread(target=read, args=(console.url,)) for _ in range(readers)]
        for thread in threads:
            thread.start()
        ready.wait(60)
    for thread in threads:
        thread.join(60)
    assert len(ended) == readers


@pytest.mark.parametrize("turns", range(8))
def test_a_page_that_is_closed_in_the_moment_of_a_change_is_closed(turns: int) -> None:
    """asyncio.wait_for of Python 3.11 forgets a cancellation that meets its result."""

    async def read(live: Live) -> None:
        async for _ in live.changes():
            pass
        await asyncio.Event().wait()  # who has not heard that it is to end does not end

    async def go() -> bool:
        live = Live(lambda: "")
        reading = asyncio.ensure_future(read(live))
        await turn(5)
        live.close()
        await turn(turns)
        reading.cancel()
        await turn(5)
        return reading.cancelled()

    async def turn(times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    assert asyncio.run(go())


def test_a_fault_that_nobody_foresaw_does_not_end_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST_DELAY", 0.001)
    faults = [KeyError("unforeseen")]

    def mark() -> str:
        if faults:
            raise faults.pop()
        return "mark"

    async def go() -> list[str | None]:
        watched = Live(mark)
        async with watched.watching():
            changes = watched.changes()
            told = [(await anext(changes)).event, (await anext(changes)).event]
            await changes.aclose()  # type: ignore[attr-defined]
            return told

    with capture_logs() as logged:
        assert asyncio.run(asyncio.wait_for(go(), 60)) == ["ready", "changed"]
    assert [(one["task"], type(one["exc_info"])) for one in logged] == [("watch cases", KeyError)]


def test_a_console_with_tokens_starts_with_the_same_key_again(database: Engine, redis_url: str, tmp_path: Path) -> None:
    config = settings(tmp_path, tokens=dict(TOKENS))
    headers = {"Sec-Fetch-Site": "same-origin"}
    with running(config, database, redis_url) as console, console.client(**headers) as client:
        client.post("/login", data={"token": "read-token"})
        cookie = client.cookies["leitstand_session"]
    with running(config, database, redis_url) as console, console.client(**headers) as client:
        client.cookies.set("leitstand_session", cookie)
        assert client.get("/").status_code == 200
