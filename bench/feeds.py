"""A thousand feeds at once: what reading them costs, and what looking again costs when nothing is new.

The feeds come from a server in another process, on forty addresses of this host; each has twenty items. The naive way
fetches one after the other and parses everything each time.
"""

import asyncio
import hashlib
import resource
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import cast

import feedparser
import httpx

from bench.report import Figure
from listeners.contract import Batch
from listeners.sources.feed import Settings, listen

FEEDS, HOSTS, ITEMS, NAIVE = 1_000, 40, 20, 50
WORDS = "acme cloud is down again and nobody answers the telephone while the invoices pile up "


def measure() -> list[Figure]:
    """Two rows: the first look at all feeds, and the next."""
    with serving() as port:
        urls = [f"http://127.0.1.{number % HOSTS + 1}:{port}/{number}" for number in range(FEEDS)]
        naive = _naively(urls[:NAIVE]) / NAIVE * FEEDS
        cursors: dict[str, str] = {}
        first, again = _heard(urls, cursors), _heard(urls, cursors)
    goal = "one core"
    return [
        Figure(f"{FEEDS:,} feeds of {ITEMS} items read", _told(*first), goal, f"{naive:.1f} s CPU"),
        Figure(f"{FEEDS:,} feeds looked at again, nothing new", _told(*again), goal, f"{naive:.1f} s CPU"),
    ]


def _told(wall: float, cpu: float) -> str:
    return f"{wall:.1f} s, {cpu:.1f} s CPU ({cpu / 300:.1%} of a core if looked at every 5 min)"


def _heard(urls: list[str], cursors: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a look at every feed. `cursors` are read and kept."""
    began, used = time.monotonic(), _used()
    asyncio.run(_look(urls, cursors))
    return time.monotonic() - began, _used() - used


def _used() -> float:
    """Of this process and of those that read for it."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)


async def _look(urls: list[str], cursors: dict[str, str]) -> None:
    rarely = {"min_interval": "10m", "max_interval": "10m"}
    settings = Settings.model_validate({"urls": urls, "allow_private": True, **rarely})
    async with aclosing(cast(AsyncGenerator[Batch, None], listen("bench", settings, dict(cursors)))) as batches:
        for _ in urls:
            batch = await anext(batches)
            assert not batch.error, batch.error
            cursors[batch.part] = batch.cursor or cursors[batch.part]


def _naively(urls: list[str]) -> float:
    used = time.process_time()
    with httpx.Client() as client:
        for url in urls:
            feedparser.parse(client.get(url).content)
    return time.process_time() - used


@contextmanager
def serving() -> Iterator[int]:
    """The port of a server of feeds."""
    process = subprocess.Popen([sys.executable, "-m", "bench.feeds"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def document(path: str) -> bytes:
    items = "".join(
        f"<item><title>Post {n}</title><link>http://blog.example{path}/{n}</link><guid>{path}/{n}</guid>"
        "<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{WORDS * 6}&lt;/p&gt;</description></item>"
        for n in range(ITEMS)
    )
    return f'<rss version="2.0"><channel><title>Blog {path}</title>{items}</channel></rss>'.encode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            body = document(head.split(" ", 2)[1])
            tag = hashlib.blake2b(body, digest_size=8).hexdigest()
            same = f'"{tag}"' in head
            status = "304 Not Modified" if same else f"200 OK\r\nContent-Length: {len(body)}"
            writer.write(f'HTTP/1.1 {status}\r\nETag: "{tag}"\r\nContent-Type: application/rss+xml\r\n\r\n'.encode())
            writer.write(b"" if same else body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.1.1", 0)
    port = server.sockets[0].getsockname()[1]
    others = [await asyncio.start_server(_answer, f"127.0.1.{n}", port) for n in range(2, HOSTS + 1)]
    print(port, flush=True)
    await asyncio.gather(*(one.serve_forever() for one in (server, *others)))


if __name__ == "__main__":
    asyncio.run(_serve())
