"""A feed as read, whatever its format was. Plain data: it crosses from the reading process to ours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from listeners import plaintext

MAX_ITEMS: Final = 2_000
MAX_TITLE: Final = 1_000
MAX_FIELD: Final = 2_000


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `title` and `text` are plain text, `links` are those in the text; `written` is None without a usable
    date. `answers` is the address or the id of what a comment belongs to. `media` counts pictures and videos.
    """

    id: str = ""
    link: str = ""
    title: str = ""
    text: str = ""
    links: tuple[str, ...] = ()
    written: datetime | None = None
    author: str = ""
    author_url: str = ""
    language: str = ""
    answers: str = ""
    media: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole document. `home` is the site's page; `every` is how often it says it changes, in seconds, 0 unsaid.

    `hub` and `topic` are for WebSub; `comments` is the address of the site's feed of comments, "" where unknown.
    `gone` are the ids of items that it says are no more, which only feeds that `lists_gone` can.
    """

    items: tuple[Item, ...] = ()
    title: str = ""
    home: str = ""
    language: str = ""
    every: float = 0.0
    hub: str = ""
    topic: str = ""
    comments: str = ""
    gone: tuple[str, ...] = ()
    lists_gone: bool = False


def item(
    id: str,  # noqa: A002
    link: str,
    title: str,
    html: str,
    written: datetime | None,
    author: str,
    author_url: str,
    language: str,
    *,
    answers: str = "",
    media: int = 0,
) -> Item:
    """An item from what a feed says, which may be markup, and may be anything."""
    plain = plaintext.from_html(html)
    return Item(
        _short(id),
        link.strip() if plaintext.is_link(link.strip()) else "",
        plaintext.from_html(title).text[:MAX_TITLE],
        plain.text,
        plain.links,
        written,
        _short(author),
        _short(author_url),
        _short(language),
        _short(answers),
        media + html.lower().count("<img"),
    )


def _short(value: str) -> str:
    return plaintext.clean(value[:MAX_FIELD])
