"""An edited post is found by its new words, no longer by those it had. Where it belongs: triage/stories/moving.py.

What else tells the story in the old words may be known by this post alone: it hands its keys on to such a one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, text

from leitstand.model import Mention
from leitstand.rows import array
from triage.stories.prints import Print, prints
from triage.stories.store import kept_beginning

_MOST = 100  # posts of a story that may take over
_STORY = text("SELECT story FROM story_posts WHERE mention_id = :post")
_HELD = text("SELECT key FROM story_keys WHERE mention_id = :post")
_OTHERS = text("""
    SELECT m.id, m.channel, m.external_id, m.text, m.title, m.url, m.kind, m.parent_id, m.links, m.created_at,
      m.received_at, p.language
    FROM story_posts p JOIN mentions m ON m.id = p.mention_id
    WHERE p.story = :story AND p.mention_id <> :post AND m.deleted_at IS NULL ORDER BY p.written_at LIMIT :most
""")
_TAKE = text("""
    INSERT INTO story_keys (key, mention_id)
    SELECT key, :post FROM unnest(CAST(:keys AS bigint[])) AS r(key) ORDER BY key
    ON CONFLICT (key) DO NOTHING
""")
_IN_ORDER = text("SELECT FROM story_keys WHERE mention_id = :post ORDER BY key FOR UPDATE")
_PASS_ON = text("UPDATE story_keys SET mention_id = :heir WHERE key = :key AND mention_id = :post")
_LET_GO = text("DELETE FROM story_keys WHERE key = ANY(CAST(:keys AS bigint[])) AND mention_id = :post")
_FORGET = text("DELETE FROM story_bands WHERE mention_id = ANY(:posts)")
_SHOW = text("""
    INSERT INTO story_bands (band, mention_id)
    SELECT band, :post FROM unnest(CAST(:bands AS bigint[])) AS r(band)
""")
_LANGUAGE = text("UPDATE story_posts SET language = :language WHERE mention_id = :post")
_SIZE = text("SELECT count(*) FROM story_posts WHERE story = (SELECT story FROM story_posts WHERE mention_id = :post)")


@dataclass(frozen=True, slots=True)
class Renewed:
    """The story that a post is in, and what is to be found by other bands from now on."""

    story: int
    shown: tuple[Print, ...]


def renew(connection: Connection, post: Print, ignored: Sequence[str] = ()) -> Renewed | None:
    """Give a post that has a story the keys of its present words; None where it has none. Twice is as once.

    It locks keys alone. The bands are for `show`, with the lock on stories.
    """
    story = connection.scalar(_STORY, {"post": post.post})
    if story is None:
        return None
    connection.execute(_TAKE, {"keys": array(post.keys), "post": post.post})
    connection.execute(_IN_ORDER, {"post": post.post})
    old = [key for key in connection.scalars(_HELD, {"post": post.post}) if key not in post.keys]
    heirs = _heirs(old, others(connection, post.post, story, ignored) if old else ())
    for key, heir in heirs.items():
        connection.execute(_PASS_ON, {"key": key, "post": post.post, "heir": heir.post})
    connection.execute(_LET_GO, {"keys": array([key for key in old if key not in heirs]), "post": post.post})
    return Renewed(story, (post, *{heir.post: heir for heir in heirs.values()}.values()))


def story_of(connection: Connection, post: int) -> int:
    """The story of a post; 0 where it has none."""
    return connection.scalar(_STORY, {"post": post}) or 0


def size(connection: Connection, post: int) -> int:
    """How many posts tell the story of this one; 0 where it has none."""
    return connection.scalar(_SIZE, {"post": post}) or 0


def others(connection: Connection, post: int, story: int, ignored: Sequence[str]) -> tuple[Print, ...]:
    """The first other posts of a story."""
    rows = connection.execute(_OTHERS, {"story": story, "post": post, "most": _MOST})
    return tuple(prints(((row.id, _mention(row), row.language) for row in rows), ignored))


def _heirs(old: Sequence[int], posts: Sequence[Print]) -> Mapping[int, Print]:
    """For each of the keys, the first of the posts that has it too."""
    found = ((key, next((post for post in posts if key in post.keys), None)) for key in old)
    return {key: heir for key, heir in found if heir is not None}


def show(connection: Connection, renewed: Renewed) -> None:
    """Let posts be found by the bands of their present words."""
    connection.execute(_FORGET, {"posts": [post.post for post in renewed.shown]})
    for post in renewed.shown:
        connection.execute(_LANGUAGE, {"language": post.language, "post": post.post})
        if post.words is not None:
            bands = array((*post.bands, kept_beginning(post)))
            connection.execute(_SHOW, {"bands": bands, "post": post.post})


def _mention(row: Row[tuple[object, ...]]) -> Mention:
    written: datetime = row.created_at
    return Mention(
        row.channel, row.external_id, row.text, written, row.received_at, row.url, row.title,
        kind=row.kind, parent_id=row.parent_id, links=tuple(row.links),
    )  # fmt: skip
