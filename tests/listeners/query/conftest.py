"""What the tests of the query language share."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from leitstand.model import Mention
from listeners.query.engine import Engine
from listeners.query.evaluate import matches
from listeners.query.parser import parse

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def post() -> Callable[..., Mention]:
    """A post with this text."""

    def make(text: str, **fields: object) -> Mention:
        values = {"channel": "x", "external_id": "1", "created_at": NOW, "received_at": NOW, **fields}
        return Mention(text=text, **values)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def ask(post: Callable[..., Mention]) -> Callable[..., bool]:
    """Whether a query matches a post, asked of the tree and of the engine, which must agree."""

    def answer(query: str, text: str, **fields: object) -> bool:
        node, mention = parse(query), post(text, **fields)
        matched = matches(node, mention)
        assert Engine({"query": node}).match(mention) == ["query"] * matched
        return matched

    return answer
