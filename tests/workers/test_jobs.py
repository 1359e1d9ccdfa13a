"""A batch that fails: what a post does is its own fault, what PostgreSQL does is no post's."""

import gc
import weakref
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand.model import Assessment, Author, Mention, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from triage.policy import compile_policy
from workers import jobs
from workers.line import Line

AT = datetime(2026, 3, 3, 8, 45, tzinfo=UTC)
SETTINGS = Settings.model_validate({"watchlists": [{"name": "cloud", "query": "acme"}]})
CALM = Assessment("en", Sentiment.NEUTRAL, 0.0, Urgency.NONE, (), False, (), "t")
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TOO_LONG = """
    CREATE TEMP TABLE words (word text UNIQUE) ON COMMIT DROP;
    INSERT INTO words SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n
"""


class Chokes:
    """Fails on a batch; `single` is done for a post by itself."""

    def __init__(self, single: Callable[[], None]) -> None:
        self.single = single

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        if len(mentions) > 1:
            raise ValueError("told to")
        self.single()
        return [CALM]


def work(database: Engine, single: Callable[[], None]) -> list[tuple[object, ...]]:
    """Two posts, assessed three times over if need be; what waits then, and how often it has failed."""
    posts = [Mention("x", str(n), f"acme {n}", AT, AT, author=Author(str(n))) for n in range(2)]
    with database.begin() as connection:
        ids = store.store(connection, "in", posts, Watchlists(SETTINGS), part="", cursor=None, now=AT).new_ids
    assessor = Chokes(single)
    jobs.use(Line(database, assessor, compile_policy(SETTINGS), Metrics(CollectorRegistry())))  # type: ignore[arg-type]
    for _ in range(3):
        jobs.assess(list(ids))
    with database.connect() as connection:
        query = text("SELECT attempts, parked_at IS NOT NULL FROM pending_mentions ORDER BY mention_id")
        return [tuple(row) for row in connection.execute(query)]


class Circle:
    """Holds itself, so that only who looks for circles lets it go."""

    def __init__(self) -> None:
        self.itself = self


def test_a_circle_is_let_go_with_its_batch_and_nobody_looks_meanwhile(database: Engine) -> None:
    left: list[weakref.ref[Circle]] = []
    gc.disable()
    try:
        work(database, lambda: left.append(weakref.ref(Circle())))
        assert left and not any(circle() for circle in left)
    finally:
        gc.enable()


def test_what_chokes_as_a_batch_is_done_one_by_one(database: Engine) -> None:
    assert work(database, lambda: None) == []


def test_a_post_that_cannot_be_assessed_is_parked(database: Engine) -> None:
    def single() -> None:
        raise ValueError("told to")

    assert work(database, single) == [(3, True)] * 2


def test_no_post_is_blamed_for_connections_that_are_cut(database: Engine) -> None:
    def single() -> None:
        with database.connect() as connection:
            connection.execute(text(CUT))

    assert work(database, single) == [(0, False)] * 2


def test_a_post_that_postgresql_cannot_take_is_parked(database: Engine) -> None:
    def single() -> None:
        with database.begin() as connection:
            connection.execute(text(TOO_LONG))

    assert work(database, single) == [(3, True)] * 2
