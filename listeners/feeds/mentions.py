"""Item → Mention."""

import re
from datetime import UTC, datetime
from typing import Final

from leitstand.model import Author, Mention
from listeners.feeds.document import Feed
from listeners.feeds.identity import Identified, normalised
from listeners.plaintext import is_link

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?", re.DOTALL)
_COMMENT = re.compile(r"#(?:comment|c|respond)-?\d+$", re.IGNORECASE)


def mention(found: Identified, feed: Feed, channel: str, now: datetime) -> Mention | None:
    """The mention that an item is, None for one without a word. `now` stands for a missing or a future date."""
    item = found.item
    if not item.title and not item.text:
        return None
    root = _root(found)
    return Mention(
        channel,
        found.external_id,
        item.text or item.title,
        item.written if item.written and EARLIEST <= item.written <= now else now,
        now,
        url=item.link or (item.id if is_link(item.id) else ""),
        title=item.title if item.text else "",
        language=_language(item.language or feed.language),
        kind="comment" if root else "article",
        author=Author(item.author_url if is_link(item.author_url) else "", "", item.author),
        parent_id=root,
        conversation_id=root,
        links=item.links,
        media=item.media,
    )


def _root(found: Identified) -> str:
    """The external id of the article that a comment belongs to, "" for what is no comment."""
    item = found.item
    if item.answers:
        return normalised(item.answers) or item.answers
    return normalised(item.link.partition("#")[0]) if _COMMENT.search(item.link) else ""


def _language(declared: str) -> str:
    found = _LANGUAGE.fullmatch(declared.strip())
    return found[1].lower() if found else ""
