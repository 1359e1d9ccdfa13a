"""What is told of a case's story: how many posts, whom they reach, how it grows, where it began, who is the loudest."""

from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import StoryView

_STORY = text("""
    WITH told AS (
      SELECT p.story FROM case_mentions c JOIN story_posts p USING (mention_id) WHERE c.case_number = :number
      GROUP BY p.story ORDER BY count(*) DESC, p.story LIMIT 1
    ), posts AS (
      SELECT told.story, m.id, m.channel, coalesce(nullif(m.author_id, ''), m.author_handle) AS author,
        coalesce(m.author_followers, 0) AS followers, p.written_at
      FROM told JOIN story_posts p USING (story) JOIN mentions m ON m.id = p.mention_id
    ), authors AS (
      SELECT max(followers) AS followers FROM posts GROUP BY channel, author
    )
    SELECT min(story) AS number, count(*) AS posts, (SELECT count(*) FROM authors) AS authors,
      CAST((SELECT coalesce(sum(followers), 0) FROM authors) AS bigint) AS reach,
      array_agg(DISTINCT channel ORDER BY channel) AS channels, min(written_at) AS first_at, max(written_at) AS last_at,
      count(*) FILTER (WHERE written_at > CAST(:now AS timestamptz) - interval '1 hour') AS last_hour,
      count(*) FILTER (WHERE written_at <= CAST(:now AS timestamptz) - interval '1 hour'
        AND written_at > CAST(:now AS timestamptz) - interval '2 hours') AS hour_before,
      (array_agg(id ORDER BY written_at, id))[1] AS first,
      (array_agg(id ORDER BY followers DESC, written_at, id))[1] AS loudest
    FROM posts HAVING count(*) > 1
""")


def story_of_case(connection: Connection, number: int, now: datetime) -> StoryView | None:
    """The story that most posts of a case tell, with all its posts; None where no two posts tell one."""
    row = connection.execute(_STORY, {"number": number, "now": now}).one_or_none()
    if row is None:
        return None
    return StoryView(
        row.number, row.posts, row.authors, row.reach, tuple(row.channels), row.first_at, row.last_at,
        row.last_hour, row.hour_before, row.first, row.loudest,
    )  # fmt: skip
