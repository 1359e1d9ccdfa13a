"""A feed server in another process, shared by all tests of a session: every test has paths of its own."""

from collections.abc import Iterator

import pytest

from tests.listeners.servers_feed import FeedServer, feed_server


@pytest.fixture(scope="session")
def feeds() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server
