"""How much was heard in a while, and the words of some of it: for reports and digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

_ABOUT = """
    created_at >= :since AND created_at < :until AND NOT own
      AND (watchlists && CAST(:watchlists AS text[]) OR id = ANY(CAST(:ids AS bigint[])))
"""
_COUNT = text(f"""
    SELECT count(*) FILTER (WHERE created_at >= :half) AS now, count(*) FILTER (WHERE created_at < :half) AS before
    FROM mentions WHERE {_ABOUT}
""")  # noqa: S608  our own words
_IDS = text(f"SELECT id FROM mentions WHERE {_ABOUT} AND kind <> 'repost' ORDER BY id")  # noqa: S608  our own words
_WORDS = text("""
    SELECT id, channel, url, text, coalesce(nullif(author_id, ''), author_handle) AS author, author_followers
    FROM mentions WHERE id = ANY(:ids) ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Said:
    """One post's words."""

    id: int
    channel: str
    url: str
    text: str
    author: str
    followers: int | None


def count(
    connection: Connection,
    watchlists: Sequence[str],
    ids: Sequence[int],
    since: datetime,
    half: datetime,
    until: datetime,
) -> tuple[int, int]:
    """How many posts of these watchlists, or with these ids, were written from `half` on, and how many before it."""
    given = {"watchlists": list(watchlists), "ids": list(ids), "since": since, "half": half, "until": until}
    row = connection.execute(_COUNT, given).one()
    return row.now, row.before


def written(
    connection: Connection, watchlists: Sequence[str], ids: Sequence[int], since: datetime, until: datetime
) -> list[int]:
    """The ids of those that are no reposts."""
    given = {"watchlists": list(watchlists), "ids": list(ids), "since": since, "until": until}
    return list(connection.scalars(_IDS, given))


def words(connection: Connection, ids: Sequence[int]) -> list[Said]:
    """The words of these posts."""
    return [Said(*row) for row in connection.execute(_WORDS, {"ids": list(ids)})]
