"""Stories: look-ups a second among many stored stories, beside comparing with one after another."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
import psycopg
from sqlalchemy import Connection, Engine, text

from bench.posts import texts
from bench.report import Figure
from leitstand import clock, database
from leitstand.likeness.words import Words, words_of
from leitstand.model import Mention
from triage.stories import store
from triage.stories.board import WINDOW
from triage.stories.copies import SIMILAR, is_copy
from triage.stories.prints import Print, prints
from workers.embedded import database_url, embedded_services

STORED, CHUNK, BATCH, LOOKUPS, NAIVE_LOOKUPS, NAIVE_STORIES = 1_000_000, 20_000, 200, 4_000, 3, 20_000
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename IN ('story_posts', 'story_bands') AND indexdef NOT LIKE 'CREATE UNIQUE%'
""")
_MENTIONS = text("""
    INSERT INTO mentions (id, channel, external_id, listener, watchlists, own, url, title, text, language, kind,
      author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)
    SELECT id, 'x', CAST(id AS text), 'bench', '{}', false, '', '', text, 'en', 'post', '', '', '', '', '', '{}', 0,
      :now, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, text text)
""")


def sentences(count: int, seed: int) -> Iterator[str]:
    """Texts on one topic: half the words of the bundled day's posts are exchanged for others of that day."""
    chance = random.Random(seed)
    day = list(texts(588))
    words = [word for said in day for word in said.split() if not word.startswith("#")]
    for number in range(count):
        said = [word for word in day[number % len(day)].split() if not word.startswith("#")]
        yield " ".join(chance.choice(words) if chance.random() < 0.5 else word for word in said)


def measure() -> list[Figure]:
    """Fill the tables, then look copies up among what is there."""
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder, embedded_services(Path(folder)):
        engine = database.engine(database_url(Path(folder)), pool_size=1)
        database.upgrade(engine)
        now = clock.now()
        stored, rate = _fill(engine, now)
        ours, found = _look(engine, stored, now)
        engine.dispose()
    naive = _naive(stored)
    return [
        Figure(
            f"story look-ups among {stored:,} stored stories, batches of {BATCH}, edited copies ({found:.1%} found)",
            f"{ours:,.0f}/s",
            "≥ 3,000/s",
            f"{naive:,.2f}/s comparing with each ({ours / naive:,.0f}×)",
        ),
        Figure(f"stories loaded with their keys and bands, {stored:,} at once", f"{rate:,.0f}/s", ""),
    ]


def _prints(first: int, said: Sequence[str], now: datetime) -> list[Print]:
    numbered = ((first + n, Mention("x", str(first + n), words, now, now), "en") for n, words in enumerate(said))
    return prints(numbered)


def _fill(engine: Engine, now: datetime) -> tuple[int, float]:
    """Store a million stories of one post each as one load: copied in without indexes, which are built at the end."""
    started, said, keys = time.perf_counter(), sentences(STORED, seed=1), set[int]()
    with engine.begin() as connection:
        indexes = connection.execute(_INDEXES).all()
        for index in indexes:
            connection.execute(text(f"DROP INDEX {index.indexname}"))
        for first in range(1, STORED + 1, CHUNK):
            _copy(connection, first, list(islice(said, CHUNK)), now, keys)
        for index in indexes:
            connection.execute(text(index.indexdef))
    took = time.perf_counter() - started
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE story_posts, story_keys, story_bands, mentions"))
    return STORED, STORED / took


def _copy(connection: Connection, first: int, said: Sequence[str], now: datetime, keys: set[int]) -> None:
    """What `triage.stories.store` would leave of posts that have nothing in common; `keys` are those that are taken."""
    rows = [{"id": first + n, "text": words} for n, words in enumerate(said)]
    connection.execute(_MENTIONS, {"rows": msgspec.json.encode(rows).decode(), "now": now})
    posts = _prints(first, said, now)
    at = now.isoformat()
    taken = {key: p.post for p in reversed(posts) for key in p.keys if key not in keys}
    keys.update(taken)
    _load(
        connection,
        "story_posts (mention_id, story, written_at, language, why)",
        (f"{p.post}\t{p.post}\t{at}\t{p.language}\tbench" for p in posts),
    )
    _load(connection, "story_keys (key, mention_id)", (f"{key}\t{post}" for key, post in taken.items()))
    _load(
        connection,
        "story_bands (band, mention_id)",
        (f"{band}\t{p.post}" for p in posts if p.words for band in (*p.bands, p.beginning)),
    )


def _load(connection: Connection, into: str, lines: Iterable[str]) -> None:
    driver: psycopg.Connection[object] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        copy.write("".join(f"{line}\n" for line in lines))


def _look(engine: Engine, stored: int, now: datetime) -> tuple[float, float]:
    """Look-ups a second, reading the text included, and how many of the copies were found."""
    chance = random.Random(2)
    wanted = {chance.randrange(stored): n for n in range(LOOKUPS)}
    said = {n: words for n, words in enumerate(sentences(max(wanted) + 1, seed=1)) if n in wanted}
    edited = [(number, _edited(words, chance)) for number, words in said.items()]
    found, took = 0, []
    for start in range(0, len(edited), BATCH):
        batch = edited[start : start + BATCH]
        began = time.perf_counter()
        with engine.connect() as connection:
            posts = _prints(10 * STORED + start, [words for _, words in batch], now + timedelta(minutes=1))
            seen = store.look(connection, posts, WINDOW, SIMILAR)
            placed = [seen.board.place(post) for post in posts]
        took.append((time.perf_counter() - began) / len(batch))
        found += sum(one.story == number + 1 for one, (number, _) in zip(placed, batch, strict=True))
    return 1 / statistics.median(took), found / len(edited)


def _edited(said: str, chance: random.Random) -> str:
    """The text with one word left out, shouted at the end."""
    words = said.split()
    if len(words) > 8:
        del words[chance.randrange(1, len(words) - 1)]
    return " ".join(words) + "!!! 😡"


def _naive(stored: int) -> float:
    """Look-ups a second if each post is compared with each stored one: measured on some, told for all."""
    others: list[Words] = [words_of(said) for said in sentences(NAIVE_STORIES, seed=1)]
    asked = [words_of(said) for said in sentences(NAIVE_LOOKUPS, seed=3)]
    started = time.perf_counter()
    for words in asked:
        for other in others:
            is_copy(words, other)
    each = (time.perf_counter() - started) / NAIVE_LOOKUPS
    return 1 / (each * stored / NAIVE_STORIES)
