"""From a feed on a real server in another process to the signed notice, on the real daemon."""

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import StartHouse
from tests.listeners.servers_feed import FeedServer, feed_server, item, rss

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
