"""What is heard is counted once for each time that it was handed over and committed, and not at all otherwise."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand import database as leitstand_database
from leitstand.errors import LeaseLostError
from leitstand.model import Mention
from leitstand.settings import Settings, Watchlist
from listeners.contract import Batch
from listeners.leases import Lease
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from workers.intake import Intake
from workers.queues import AssessQueue, connect

WATCHLISTS = Watchlists(Settings(watchlists=[Watchlist(name="brand", query="acme")]))


def post(number: int, words: str = "acme") -> Mention:
    return Mention("x", str(number), words, clock.now(), clock.now())


@pytest.fixture
def intake(database: Engine, redis_url: str) -> Iterator[Intake]:
    redis = connect(redis_url)
    yield Intake(database, WATCHLISTS, AssessQueue(redis), Metrics(CollectorRegistry()))
    redis.close()


def counted(intake: Intake) -> tuple[float, float]:
    metrics = intake.metrics
    return (
        metrics.mentions_received.labels("ear", "x")._value.get(),
        metrics.mentions_matched.labels("brand")._value.get(),
    )


def test_what_is_handed_over_is_counted_once_and_again_if_it_comes_again(intake: Intake) -> None:
    batch = Batch((post(1), post(2), post(3, "rain")), "1")
    intake.take("ear", batch)
    assert counted(intake) == (3, 2)
    intake.take("ear", batch)
    assert counted(intake) == (6, 2)
    intake.take("ear", Batch((), "2", edits=(post(1, "acme now"), post(4, "acme late"))))
    assert counted(intake) == (8, 3)


def test_a_commit_that_is_refused_or_fails_counts_nothing(intake: Intake) -> None:
    with pytest.raises(LeaseLostError):
        intake.take("ear", Batch((post(1),), "1"), Lease("ear", "another", 7))
    with intake.engine.begin() as connection:
        connection.execute(text("ALTER TABLE mentions ADD CHECK (external_id <> '1')"))
    with pytest.raises(Exception, match="violates check constraint"):
        intake.take("ear", Batch((post(1),), "1"))
    assert counted(intake) == (0, 0)
    assert intake.queue.depth() == 0


def test_without_redis_it_is_counted_all_the_same_and_once(database: Engine) -> None:
    redis = connect("redis://127.0.0.1:1/0")
    intake = Intake(database, WATCHLISTS, AssessQueue(redis), Metrics(CollectorRegistry()))
    assert intake.take("ear", Batch((post(1),), "1")).new_ids
    redis.close()
    assert counted(intake) == (1, 1)


def test_without_postgresql_nothing_is_counted() -> None:
    away = leitstand_database.engine("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    redis = connect("redis://127.0.0.1:1/0")
    intake = Intake(away, WATCHLISTS, AssessQueue(redis), Metrics(CollectorRegistry()))
    with pytest.raises(Exception, match="connection failed"):
        intake.take("ear", Batch((post(1),), "1"))
    redis.close()
    assert counted(intake) == (0, 0)
