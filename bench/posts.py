"""Posts to measure with: the bundled day's texts, varied so that no two are the same."""

from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice
from typing import Any

from console import scenario
from leitstand.model import Author, Mention


def texts(count: int) -> Iterator[str]:
    """`count` different posts as people write them, German and English."""
    day = [post.form["text"] for post in scenario.posts()]
    return (f"{text} #{number}" for number, text in islice(enumerate(cycle(day)), count))


def mentions(count: int, now: datetime) -> list[Mention]:
    """The same as mentions, each by an author of its own."""
    return [
        Mention(
            channel="x",
            external_id=str(number),
            text=text,
            created_at=now,
            received_at=now,
            author=Author(id=str(number)),
        )
        for number, text in enumerate(texts(count))
    ]


def forms(count: int, now: datetime, prefix: str) -> list[dict[str, Any]]:
    """The same in the API's form; every text names the brand, so that each matches."""
    return [
        {
            "channel": "x",
            "external_id": f"{prefix}{number}",
            "text": f"acme: {text}",
            "created_at": now,
            "author": {"id": f"{prefix}{number}"},
        }
        for number, text in enumerate(texts(count))
    ]


def chunks(rows: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Slices of `size`."""
    return (rows[start : start + size] for start in range(0, len(rows), size))
