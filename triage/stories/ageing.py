"""Posts that are no longer kept leave their stories; a story that has no post left is gone."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from triage.stories.parting import leave
from triage.stories.store import alone

_TOLD = text("""
    SELECT story, posts, EXISTS (
      SELECT FROM story_posts o WHERE o.story = t.story AND NOT (o.mention_id = ANY(:ids))) AS stays
    FROM (SELECT story, array_agg(mention_id) AS posts FROM story_posts WHERE mention_id = ANY(:ids) GROUP BY 1) AS t
""")
_POSTS = text("DELETE FROM story_posts WHERE mention_id = ANY(:ids)")
_SPLITS = text(
    "DELETE FROM story_splits s WHERE (one = ANY(:stories) OR other = ANY(:stories)) AND (NOT EXISTS (SELECT FROM"
    " story_posts p WHERE p.story = s.one) OR NOT EXISTS (SELECT FROM story_posts p WHERE p.story = s.other))"
)


def let_go(connection: Connection, ids: Sequence[int]) -> None:
    """Take these posts out of their stories. What is left of a story keeps its number, or gets that of its first post.

    Their keys and bands are forgotten long before. The lock is held to the end of the transaction: call it last.
    """
    alone(connection)
    told = connection.execute(_TOLD, {"ids": list(ids)}).all()
    for row in told:
        if row.stays:
            leave(connection, row.story, row.posts)
    connection.execute(_POSTS, {"ids": list(ids)})
    connection.execute(_SPLITS, {"stories": [row.story for row in told]})
