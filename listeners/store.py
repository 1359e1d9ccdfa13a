"""The table mentions: what was received. With `pending` and `cursors`, what the workers need of the listeners.

    received ──match──► taken ──one INSERT──► new ids, pending ──claim──► in one worker's hands
                └─ answers a stored post (`joining`): taken with that post's watchlists
The caller owns the transaction: mentions, pending rows and the source's cursor are committed together or not at all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from leitstand.model import Author, MatchedMention, Mention, MentionKind
from leitstand.rows import Rows, array
from leitstand.statements import Statement
from listeners.cursors import cursors, keep_cursor, report_status, states
from listeners.joining import Taken, answers
from listeners.pending import backlog, claim, fail, lost, park
from listeners.watchlists import Watchlists

__all__ = ["Stored", "backlog", "claim", "cursors", "fail", "load", "lost", "park", "report_status", "states", "store"]

_ROWS: Final = Rows(
    {
        "channel": "text",
        "external_id": "text",
        "watchlists": "text[]",
        "own": "boolean",
        "url": "text",
        "title": "text",
        "text": "text",
        "language": "text",
        "kind": "text",
        "author_id": "text",
        "author_handle": "text",
        "author_name": "text",
        "author_followers": "bigint",
        "parent_id": "text",
        "conversation_id": "text",
        "links": "text[]",
        "media": "integer",
        "created_at": "timestamptz",
        "received_at": "timestamptz",
        "edited_at": "timestamptz",
        "ref": "text",
    }
)
_INSERT = Statement(
    f"WITH new AS (INSERT INTO mentions (listener, {_ROWS.names})"  # noqa: S608  our own column names
    f" SELECT :listener, {_ROWS.selected} FROM {_ROWS.source}"
    " ON CONFLICT (channel, external_id) DO NOTHING RETURNING id, watchlists),"
    " waiting AS (INSERT INTO pending_mentions (mention_id, enqueued_at) SELECT id, :now FROM new)"
    " SELECT id, array_to_string(watchlists, ',') FROM new ORDER BY id"
)
_LOAD = Statement(
    "SELECT id, listener, watchlists, own, channel, external_id, text, created_at, received_at, url, title, language,"
    " kind, author_id, author_handle, author_name, author_followers, parent_id, conversation_id, links, media,"
    " edited_at, ref FROM mentions WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of received mentions. `matched` counts the new ones of each watchlist.

    `unmatched` matched no watchlist and answer no stored post: they are not kept. `again` are stored ones that have
    been edited and wait to be assessed again.
    """

    new_ids: list[int]
    duplicates: int
    unmatched: int
    matched: dict[str, int]
    again: tuple[int, ...] = ()

    @property
    def waiting(self) -> list[int]:
        """What is to be assessed."""
        return [*self.new_ids, *self.again]


def store(
    connection: Connection,
    listener: str,
    received: Sequence[Mention],
    watchlists: Watchlists,
    *,
    part: str = "",
    cursor: str | None = None,
    now: datetime,
) -> Stored:
    """Keep what is listened for and was not kept before, and the cursor of the source's `part` unless it is None."""
    received = [storable(m) for m in received]
    once = {(m.channel, m.external_id): m for m in reversed(received)}
    found = {key: watchlists.match(mention) for key, mention in once.items()}
    taken = {key: names for key, names in found.items() if names}
    unmatched = (once[key] for key, names in found.items() if not names)
    taken |= answers(connection, unmatched, [(once[key], names) for key, names in taken.items()])
    rows = _insert(connection, listener, [(once[key], taken[key]) for key in sorted(taken)], watchlists, now)
    if cursor is not None:
        keep_cursor(connection, listener, part, cursor, now)
    left_out = sum((m.channel, m.external_id) not in taken for m in received)
    counts = Counter(name for _, names in rows for name in names)
    return Stored([new_id for new_id, _ in rows], len(received) - left_out - len(rows), left_out, dict(counts))


def load(connection: Connection, ids: Iterable[int]) -> list[MatchedMention]:
    """The stored mentions with these ids, by id; ids without one are left out."""
    return [
        MatchedMention(number, listener, tuple(names), own, _mention(*values))
        for number, listener, names, own, *values in _LOAD.rows(connection, {"ids": array(list(ids))})
    ]


def _insert(
    connection: Connection, listener: str, taken: Sequence[Taken], watchlists: Watchlists, now: datetime
) -> list[tuple[int, list[str]]]:
    """One statement for all, in the order of `taken`: sorted by the unique key, two of them never wait in a circle."""
    if not taken:
        return []
    rows = [_row(mention, names, watchlists.is_own(mention)) for mention, names in taken]
    inserted = _INSERT.rows(connection, {"listener": listener, "now": now, **_ROWS.parameters(rows)})
    return [(new_id, names.split(",")) for new_id, names in inserted]


def _row(mention: Mention, names: tuple[str, ...], own: bool) -> tuple[object, ...]:
    author = mention.author
    return (
        mention.channel,
        mention.external_id,
        names,
        own,
        mention.url,
        mention.title,
        mention.text,
        mention.language,
        mention.kind,
        author.id,
        author.handle,
        author.name,
        author.followers,
        mention.parent_id,
        mention.conversation_id,
        mention.links,
        mention.media,
        mention.created_at,
        mention.received_at,
        mention.edited_at,
        mention.ref,
    )


def _mention(  # the order of _LOAD
    channel: str,
    external_id: str,
    body: str,
    created_at: datetime,
    received_at: datetime,
    url: str,
    title: str,
    language: str,
    kind: MentionKind,
    author_id: str,
    handle: str,
    name: str,
    followers: int | None,
    parent_id: str,
    conversation_id: str,
    links: list[str],
    media: int,
    edited_at: datetime | None,
    ref: str,
) -> Mention:
    return Mention(
        channel,
        external_id,
        body,
        created_at,
        received_at,
        url,
        title,
        language,
        kind,
        Author(author_id, handle, name, followers),
        parent_id,
        conversation_id,
        tuple(links),
        media,
        edited_at,
        ref,
    )


def storable(mention: Mention) -> Mention:
    """Without what PostgreSQL cannot hold: NUL and lone surrogates. Nearly every post is already so."""
    author = mention.author
    own = (mention.external_id, mention.text, mention.url, mention.title, mention.language, mention.ref)
    others = (mention.parent_id, mention.conversation_id, author.id, author.handle, author.name)
    everything = "".join((*own, *others, *mention.links))
    if "\0" not in everything and (everything.isascii() or _encodes(everything)):
        return mention
    return replace(
        mention,
        external_id=_clean(mention.external_id),
        text=_clean(mention.text),
        url=_clean(mention.url),
        title=_clean(mention.title),
        language=_clean(mention.language),
        parent_id=_clean(mention.parent_id),
        conversation_id=_clean(mention.conversation_id),
        author=replace(author, id=_clean(author.id), handle=_clean(author.handle), name=_clean(author.name)),
        links=tuple(_clean(link) for link in mention.links),
        ref=_clean(mention.ref),
    )


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(value: str) -> str:
    return value.replace("\0", "").encode("utf-8", "replace").decode()
