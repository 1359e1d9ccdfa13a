"""Posts that leave their stories: what a person has told apart, and what is left of a story without them."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from triage.stories.store import alone

_MOVED = text("SELECT mention_id, story FROM story_posts WHERE mention_id = ANY(:mentions)")
_LEFT = text("SELECT min(mention_id) FROM story_posts WHERE story = :story AND NOT (mention_id = ANY(:mentions))")
_SET = text("UPDATE story_posts SET story = :story WHERE mention_id = ANY(:mentions)")
_RENAME = text("""
    UPDATE story_posts SET story = :story, written_by = pg_current_xact_id()
    WHERE story = :before AND NOT (mention_id = ANY(:mentions))
""")
_INHERIT = text("""
    INSERT INTO story_splits (one, other)
    SELECT CAST(:heir AS bigint), other FROM story_splits WHERE one = :story
    UNION SELECT one, CAST(:heir AS bigint) FROM story_splits WHERE other = :story
    ON CONFLICT DO NOTHING
""")
_APART = text("INSERT INTO story_splits (one, other) VALUES (:one, :other), (:other, :one) ON CONFLICT DO NOTHING")


def split(connection: Connection, mentions: Sequence[int]) -> list[tuple[int, int]]:
    """Take these posts out of their stories, into one of their own each, and keep them apart.

    Returns each story that the posts are now in with the one that they left, by the number it has now; 0 where all of
    it leaves. A story has the number of a post in it: where that one leaves, the others take another number.
    """
    alone(connection)
    leaving: dict[int, list[int]] = {}
    for row in connection.execute(_MOVED, {"mentions": list(mentions)}):
        leaving.setdefault(row.story, []).append(row.mention_id)
    return [_part(connection, story, posts) for story, posts in leaving.items()]


def _part(connection: Connection, story: int, posts: list[int]) -> tuple[int, int]:
    remains = leave(connection, story, posts)
    if not remains:
        return story, 0
    own = min(posts)
    connection.execute(_SET, {"story": own, "mentions": posts})
    connection.execute(_APART, {"one": own, "other": remains})
    return own, remains


def leave(connection: Connection, story: int, posts: Sequence[int]) -> int:
    """What a story is called without these posts: it has the number of its first. 0 where nothing is left of it."""
    staying = connection.scalar(_LEFT, {"story": story, "mentions": posts})
    if staying is None or story not in posts:
        return 0 if staying is None else story
    connection.execute(_RENAME, {"story": staying, "before": story, "mentions": posts})
    inherit(connection, story, staying)
    return int(staying)


def inherit(connection: Connection, story: int, heir: int) -> None:
    """What is told apart from a story is told apart from what comes of it, too."""
    connection.execute(_INHERIT, {"story": story, "heir": heir})
