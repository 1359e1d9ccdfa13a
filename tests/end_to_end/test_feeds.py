"""From a feed on a real server in another process to the signed notice, on the real daemon."""

import os
import signal
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import House, StartHouse
from tests.listeners.servers_feed import FeedServer, feed_server, item, rss
from workers.child_states import read_child_states

DANGER = "acme: data breach, my account was hacked right now and somebody is buying things with it, order {name}"
HEAD = "<link>http://blog.example/</link>"


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


def listening(*urls: str) -> str:
    listed = ", ".join(f'"{url}"' for url in urls)
    return (
        f'[listeners.blogs]\nkind = "feed"\nurls = [{listed}]\nallow_private = true\n'
        'min_interval = "0.2s"\nmax_interval = "0.2s"\ntimeout = "60s"\n'
    )


def entry(name: str) -> str:
    """Each so different in its words that it is no copy of another."""
    words = DANGER.format(name=name) + " " + " ".join(f"{name}{letter}" for letter in "abcdefghijklmnop")
    return item(name, title=f"Breach {name}", description=words, pubDate="")


def kill(house: House, role: str) -> None:
    """Kill -9 a role, once it runs."""
    deadline, pause = time.monotonic() + 120, threading.Event()
    while not (found := [s.pid for s in read_child_states(house.data_dir) if s.name == role and s.pid]):
        assert time.monotonic() < deadline, f"{role} does not run"
        pause.wait(0.05)
    assert found[0]
    os.kill(found[0], signal.SIGKILL)


def test_a_new_entry_becomes_a_signed_notice_while_another_feed_trickles(
    start_house: StartHouse, feeds: FeedServer
) -> None:
    slow = feeds.at(1, feeds.put("/slow", wrong="trickle"))
    bad = feeds.at(2, feeds.put("/bad", "<html>no feed here</html>"))
    url = feeds.put("/feed", rss(head=HEAD), etag=True)
    house = start_house(listening(slow, bad, url))
    feeds.asked("/feed", 2)
    took = []
    entries: list[str] = []
    for number in range(1, 6):
        entries.insert(0, entry(f"n{number}"))
        feeds.put("/feed", rss(*entries, head=HEAD), etag=True)
        began = time.monotonic()
        notices = house.told.wait_for(number)
        took.append(time.monotonic() - began)
    print(f"entry published → notice verified: p50 {statistics.median(took) * 1000:.0f} ms, worst {max(took):.2f} s")
    assert len({notice.id for notice in notices}) == 5
    assert len(house.daemon.cases()) == 5
    conditional = [one for one in feeds.asked("/feed") if "if-none-match" in one]
    assert len(conditional) > len(entries)


def test_a_listener_killed_at_any_moment_loses_and_doubles_nothing(start_house: StartHouse, feeds: FeedServer) -> None:
    url = feeds.put("/feed", rss(head=HEAD), etag=True)
    house = start_house(listening(url))
    feeds.asked("/feed", 1)
    entries: list[str] = []
    for number in range(1, 4):
        entries.insert(0, entry(f"k{number}"))
        feeds.put("/feed", rss(*entries, head=HEAD), etag=True)
        kill(house, "listen")
        house.told.wait_for(number)
    house.daemon.wait_handled(120)
    assert len(house.told.notices) == 3
    assert len(house.daemon.cases()) == 3
