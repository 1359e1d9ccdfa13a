"""Stories as stored, so that all hosts see them: what may matter to a batch is read at once, and written at once.

    prints ──keys, bands──► what is stored of them ──Board──► Placed ──► story_posts, story_keys, story_bands

Two workers with the same link or the same words wait for each other at the unique key; the second one begins again.
Two workers with copies that share no key see each other before the second one commits: it begins again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from leitstand.rows import Rows, array
from leitstand.statements import Statement
from triage.stories import news
from triage.stories.board import Board, Placed, Span
from triage.stories.prints import Print, Text, compared

_LOCK: Final = 0x5709135  # any number that nothing else uses
PER_BAND, PER_POST = 8, 12

_SNAPSHOT = Statement("SELECT CAST(pg_current_snapshot() AS text)")
_KEYS = Statement("""
    SELECT k.key, k.mention_id, p.story FROM story_keys k LEFT JOIN story_posts p USING (mention_id)
    WHERE k.key = ANY(CAST(:keys AS bigint[]))
""")
# The latest posts of each band, then those that share the most bands with the post asked for. Bands are looked up, and
# stored, in the order of their index: what is beside what was read a moment ago is still at hand.
_NEAR = """
    WITH wanted AS (
      SELECT * FROM unnest(CAST(:posts AS bigint[]), CAST(:bands AS bigint[])) AS w(post, band) ORDER BY band
    ), hits AS (
      SELECT w.post, b.mention_id, count(*) AS shared FROM wanted w
      CROSS JOIN LATERAL (
        SELECT mention_id FROM story_bands WHERE band = w.band ORDER BY mention_id DESC LIMIT :per_band
      ) b GROUP BY w.post, b.mention_id
    ), ranked AS (
      SELECT mention_id, row_number() OVER (PARTITION BY post ORDER BY shared DESC, mention_id DESC) AS place FROM hits
    )
    SELECT p.mention_id, p.written_at, p.language, m.text, m.title, p.story
    FROM (SELECT DISTINCT mention_id FROM ranked WHERE place <= :per_post) r
    JOIN story_posts p USING (mention_id) JOIN mentions m ON m.id = p.mention_id
"""
_CANDIDATES = Statement(_NEAR)
_UNSEEN = Statement(f"""{_NEAR}
    WHERE p.written_by >= pg_snapshot_xmin(CAST(:snapshot AS pg_snapshot))
      AND NOT pg_visible_in_snapshot(p.written_by, CAST(:snapshot AS pg_snapshot))
      AND p.written_by <> pg_current_xact_id()
""")
_SPANS = Statement("""
    SELECT story, (SELECT min(written_at) FROM story_posts WHERE story = s.story) AS first_at,
      (SELECT max(written_at) FROM story_posts WHERE story = s.story) AS last_at
    FROM unnest(CAST(:stories AS bigint[])) AS s(story)
""")
_SPLITS = text("SELECT one, other FROM story_splits WHERE one = ANY(:stories) OR other = ANY(:stories)")
_POSTS: Final = Rows(
    {"mention_id": "bigint", "story": "bigint", "written_at": "timestamptz", "language": "text", "why": "text"}
)
_BANDS: Final = Rows({"band": "bigint", "found": "bigint"})
# The lock is taken when the posts are there: who waits for one of them holds no lock yet.
_INSERT = Statement(f"""
    WITH posts AS (
      INSERT INTO story_posts ({_POSTS.names}) SELECT {_POSTS.selected} FROM {_POSTS.source}
      ON CONFLICT (mention_id) DO NOTHING RETURNING mention_id
    ), bands AS (
      INSERT INTO story_bands (band, mention_id) SELECT {_BANDS.selected} FROM {_BANDS.source} ORDER BY band
    ), told AS (
      INSERT INTO story_news (bands) VALUES (:news)
    )
    SELECT pg_advisory_xact_lock(:lock) FROM (SELECT count(*) FROM posts) AS stored
""")  # noqa: S608  our own column names
_MERGE = text("""
    UPDATE story_posts SET story = m.story, written_by = pg_current_xact_id()
    FROM unnest(CAST(:merged AS bigint[]), CAST(:stories AS bigint[])) AS m(merged, story)
    WHERE story_posts.story = m.merged
""")
_ALONE = Statement("SELECT pg_advisory_xact_lock(:key)")
_CHANGED = Statement("""
    SELECT EXISTS (SELECT FROM story_posts WHERE mention_id = ANY(:stories) AND story <> mention_id)
      OR EXISTS (
        SELECT FROM unnest(CAST(:keys AS bigint[]), CAST(:told AS bigint[])) AS o(key, story)
        LEFT JOIN story_keys k USING (key) LEFT JOIN story_posts p USING (mention_id)
        WHERE p.story IS DISTINCT FROM o.story
      )
""")
_TAKE = Statement("""
    INSERT INTO story_keys (key, mention_id)
    SELECT * FROM unnest(CAST(:keys AS bigint[]), CAST(:posts AS bigint[])) AS r(key, post) ORDER BY key
    ON CONFLICT (key) DO NOTHING
""")
_IN_ORDER = Statement("SELECT FROM story_keys WHERE key = ANY(:keys) ORDER BY key FOR UPDATE")
_PASS_ON = Statement("""
    UPDATE story_keys k SET mention_id = r.post
    FROM unnest(CAST(:keys AS bigint[]), CAST(:before AS bigint[]), CAST(:posts AS bigint[])) AS r(key, before, post)
    WHERE k.key = r.key AND k.mention_id = r.before
""")
_SIZES = Statement("SELECT story, count(*) AS posts FROM story_posts WHERE story = ANY(:stories) GROUP BY story")
# Once a person has merged two cases, their stories are no longer told apart.
_JOIN = text("""
    WITH told AS (
      SELECT DISTINCT p.story, c.case_number FROM case_mentions c JOIN story_posts p USING (mention_id)
      WHERE c.case_number IN (:number, :other)
    )
    DELETE FROM story_splits s USING told a, told b
    WHERE a.case_number <> b.case_number AND s.one = a.story AND s.other = b.story
""")
_ENDS = text("SELECT coalesce(min(id), 0) AS low, coalesce(max(id), 0) + 1 AS high FROM mentions")
_RECEIVED = text("SELECT received_at FROM mentions WHERE id >= :id ORDER BY id LIMIT 1")
_FORGET_BANDS = text("DELETE FROM story_bands WHERE mention_id < :before")
_FORGET_KEYS = text("DELETE FROM story_keys WHERE mention_id < :before")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was known when a batch was placed: the board, who held each key and to which story it led, and the
    database's mark of the moment."""

    board: Board
    holders: dict[int, int] = field(default_factory=dict)
    owned: dict[int, int] = field(default_factory=dict)
    snapshot: str = ""


def look(connection: Connection, posts: Sequence[Print], window: timedelta, similar: float) -> Seen:
    """The stored stories that any of the posts may belong to."""
    snapshot = _SNAPSHOT.value(connection)
    keys = sorted({key for post in posts for key in post.keys})
    rows = _KEYS.rows(connection, {"keys": array(keys)})
    owned: dict[int, int] = {key: story for key, _, story in rows if story is not None}
    holders = {key: holder for key, holder, _ in rows}
    near = _near(connection, posts)
    stories = sorted({*owned.values(), *(story for _, story in near)})
    spans = _spans(connection, stories)
    # A story that another transaction has merged since is no longer there; `write` will see that it was.
    near = [(post, story) for post, story in near if story in spans]
    board = Board(window, similar)
    board.know(spans, owned, near, _splits(connection, stories))
    return Seen(board, holders, owned, str(snapshot))


def claim(connection: Connection, placed: Sequence[Placed], seen: Seen) -> bool:
    """Take the keys. False if another transaction was faster with one: then nothing of this may be committed."""
    taken = {key: one.post for one in placed for key in one.takes}
    new = sorted(key for key in taken if key not in seen.holders)
    if new:
        values = {"keys": array(new), "posts": array([taken[key] for key in new])}
        if _TAKE.run(connection, values) != len(new):
            return False
    old = sorted(key for key in taken if key in seen.holders)
    if not old:
        return True
    _IN_ORDER.run(connection, {"keys": old})
    passed = {"keys": old, "before": [seen.holders[key] for key in old], "posts": [taken[key] for key in old]}
    return _PASS_ON.run(connection, passed) == len(old)


def write(connection: Connection, posts: Mapping[int, Print], placed: Sequence[Placed], seen: Seen) -> bool:
    """Store where the posts belong. False if what they belong to has changed meanwhile: then nothing may be committed.

    The lock is held to the end of the transaction, so whoever writes sees what was written before; it is taken last, so
    whoever waits for it is waited for by nobody.
    """
    if not placed:
        return True
    _insert(connection, posts, placed, seen)
    told = news.since(connection, seen.snapshot)
    if told and not _holds(connection, posts, placed, seen, news.bands_of(told)):
        return False
    merged = [(other, seen.board.story(one.story)) for one in placed for other in one.merged]
    merge(connection, merged)
    return True


def alone(connection: Connection) -> None:
    """Nobody else writes stories until the end of the transaction, and what was written before is seen."""
    _ALONE.run(connection, {"key": _LOCK})


def merge(connection: Connection, merged: Sequence[tuple[int, int]]) -> None:
    """Make stories part of others, given in pairs."""
    if merged:
        connection.execute(_MERGE, {"merged": [m for m, _ in merged], "stories": [s for _, s in merged]})


def _insert(connection: Connection, posts: Mapping[int, Print], placed: Sequence[Placed], seen: Seen) -> None:
    """Add the posts to their stories, and the bands by which they are found; then nobody else writes stories."""
    shown = [(one, posts[one.post]) for one in placed]
    rows = [(post.post, seen.board.story(one.story), post.at, post.language, one.why) for one, post in shown]
    bands = [(band, post.post) for one, post in shown if one.bands for band in (*one.bands, kept_beginning(post))]
    told = {"news": news.written(band for band, _ in bands)}
    _INSERT.run(connection, {"lock": _LOCK, **_POSTS.parameters(rows), **_BANDS.parameters(bands), **told})


def _holds(
    connection: Connection,
    posts: Mapping[int, Print],
    placed: Sequence[Placed],
    seen: Seen,
    bands: frozenset[int] | None,
) -> bool:
    """Whether what was committed since changes nothing: no story of these is part of another, no key that others have
    leads elsewhere, no copy came between. `bands` are all that came, None where they are not known."""
    stories = sorted({story for one in placed for story in (one.story, *one.merged)})
    taken = {key for one in placed for key in one.takes}
    keys = [key for key in seen.owned if key not in taken]
    told = [seen.owned[key] for key in keys]
    if _CHANGED.value(connection, {"stories": stories, "keys": array(keys), "told": array(told)}):
        return False
    shown = [posts[one.post] for one in placed if one.bands]
    asked = [post for post in shown if bands is None or not bands.isdisjoint(_asks(post))]
    near = _near(connection, asked, seen.snapshot)
    board = Board(seen.board.window, seen.board.similar)
    board.know({story: Span(post.at, post.at) for post, story in near}, {}, near)
    return not any(board.joins(post) for post in asked)


def sizes(connection: Connection, stories: Iterable[int]) -> dict[int, int]:
    """How many posts tell each story."""
    return dict(_SIZES.rows(connection, {"stories": list(stories)}))


def join(connection: Connection, number: int, other: int) -> None:
    """The stories of two cases may be one again."""
    connection.execute(_JOIN, {"number": number, "other": other})


def forget(connection: Connection, before: datetime) -> None:
    """Let go of the keys and bands of posts received before that: they are for finding what may still be joined."""
    first = _first_since(connection, before)
    connection.execute(_FORGET_BANDS, {"before": first})
    connection.execute(_FORGET_KEYS, {"before": first})
    news.forget(connection)


def _first_since(connection: Connection, before: datetime) -> int:
    """The number from which on mentions were received since then: numbers are given in the order of receiving."""
    low, high = connection.execute(_ENDS).one()
    while low < high:
        middle = (low + high) // 2
        received = connection.scalar(_RECEIVED, {"id": middle})
        if received is not None and received < before:
            low = middle + 1
        else:
            high = middle
    return int(low)


def _near(connection: Connection, posts: Sequence[Print], snapshot: str = "") -> list[tuple[Print, int]]:
    """The stored posts that may be copies of any of the posts, with their stories; those unseen in the snapshot."""
    asked = [(post.post, band) for post in posts for band in _asks(post)]
    if not asked:
        return []
    values = {
        "posts": array([post for post, _ in asked]),
        "bands": array([band for _, band in asked]),
        "per_band": PER_BAND,
        "per_post": PER_POST,
    }
    unseen = {"snapshot": snapshot} if snapshot else {}
    rows = (_UNSEEN if snapshot else _CANDIDATES).rows(connection, values | unseen)
    stories = {number: story for number, *_, story in rows}
    return [(post, stories[post.post]) for post in compared(Text(*row[:5]) for row in rows)]


def _asks(post: Print) -> tuple[int, ...]:
    """The bands by which to look for copies: one may be the beginning of the other, whether it shows its cut or not.

    Cut ones are asked for by a number of their own: whole ones that merely begin alike would crowd them out.
    """
    return () if post.words is None else (*post.bands, ~post.beginning, post.beginning)


def kept_beginning(post: Print) -> int:
    """The beginning as stored: that of a cut text is another number than that of a whole one."""
    return ~post.beginning if post.words and post.words.cut else post.beginning


def _spans(connection: Connection, stories: Sequence[int]) -> dict[int, Span]:
    if not stories:
        return {}
    rows = _SPANS.rows(connection, {"stories": stories})
    return {story: Span(first, last) for story, first, last in rows if first is not None}


def _splits(connection: Connection, stories: Sequence[int]) -> list[frozenset[int]]:
    if not stories:
        return []
    return [frozenset((row.one, row.other)) for row in connection.execute(_SPLITS, {"stories": stories})]
