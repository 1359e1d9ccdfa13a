"""What several tests of listeners share: a feed server in another process, where every test has paths of its own, and a
day that does not end while a test runs."""

from collections.abc import Iterator

import pytest

from leitstand import clock
from tests.listeners.servers_feed import FeedServer, feed_server


@pytest.fixture(scope="session")
def feeds() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def midday(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock runs on from noon (UTC), early morning in California: what is counted by the day stays on this one."""
    real, begun = clock.now, clock.now()
    noon = begun.replace(hour=12, minute=0)
    monkeypatch.setattr(clock, "now", lambda: noon + (real() - begun))
