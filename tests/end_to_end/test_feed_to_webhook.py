"""From a feed server in another process to a verified webhook: validators, a new entry, a case, a signed notice."""

import multiprocessing
import statistics
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

import pytest

from leitstand import clock
from tests.end_to_end.conftest import StartHouse

ENTRIES = 5


class Feed:
    """A feed that grows, in its own process, told through a pipe; 304 for whoever has the newest version."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.items, self.version, self.not_modified = pipe, list[str](), 0, 0

    def document(self) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>entry-{n}</guid><title>Acme</title>"
            f"<description>{text}</description></item>"
            for n, text in enumerate(self.items)
        )
        head = "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Blog</title>"
        return f"{head}{items}</channel></rss>".encode()

    def serve(self) -> None:
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tag = f'W/"v{feed.version}"'
                if self.headers.get("if-none-match") == tag:
                    feed.not_modified += 1
                    self.send_response(304)
                    self.end_headers()
                    return
                body = feed.document()
                self.send_response(200)
                self.send_header("content-type", "application/rss+xml")
                self.send_header("etag", tag)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.pipe.send(server.server_address[1])
        while (item := self.pipe.recv()) is not None:
            if item:
                self.items.append(item)
                self.version += 1
            self.pipe.send(self.not_modified)


def run_feed(pipe: Connection) -> None:
    Feed(pipe).serve()


@pytest.fixture
def feed() -> Iterator[tuple[Connection, int]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run_feed, args=(theirs,), daemon=True)
    process.start()
    yield ours, ours.recv()
    ours.send(None)
    process.join()


def test_a_new_entry_reaches_the_sev1_group(feed: tuple[Connection, int], start_house: StartHouse) -> None:
    pipe, port = feed
    house = start_house(
        f'[listeners.blogs]\nkind = "feed"\nchannel = "blog"\nurls = ["http://127.0.0.1:{port}/feed"]\n'
        'every = "1s"\nallow_private = true\n'
    )
    took = []
    for number in range(ENTRIES):
        pipe.send(f"Security breach at Acme: hacked accounts, customer data is leaking right now, report {number}")
        pipe.recv()
        appeared = clock.now()
        notices = house.told.wait_for(number + 1)
        took.append((clock.now() - appeared).total_seconds())
        case = notices[-1].body["data"]["case"]
        assert case["severity"] == "sev1" and case["channel"] == "blog"
        assert f"report {number}" in case["text"]
    pipe.send("")
    print(f"entry published → notice verified: p50 {statistics.median(took):.2f} s (polled every second)")
    assert len(house.told.notices) == ENTRIES
    assert pipe.recv() >= 0


def test_an_unchanged_feed_is_answered_304(feed: tuple[Connection, int], start_house: StartHouse) -> None:
    pipe, port = feed
    start_house(
        f'[listeners.blogs]\nkind = "feed"\nurls = ["http://127.0.0.1:{port}/feed"]\n'
        'every = "1s"\nallow_private = true\n'
    )
    pause = threading.Event()
    for _ in range(100):
        pipe.send("")
        if pipe.recv() >= 2:
            return
        pause.wait(0.2)
    raise AssertionError("the feed was never asked with its validator")
