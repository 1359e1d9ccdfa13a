"""A post that ends the process of whoever assesses it is found and parked; the posts beside it are assessed."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, create_engine, text
from structlog.testing import capture_logs

from leitstand.model import Assessment, Author, Mention, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from triage.policy import compile_policy
from workers import jobs
from workers.at_hand import AtHand
from workers.line import Holding, Line

AT = datetime(2026, 3, 3, 8, 45, tzinfo=UTC)
SETTINGS = Settings.model_validate({"watchlists": [{"name": "cloud", "query": "acme"}]})
CALM = Assessment("en", Sentiment.NEUTRAL, 0.0, Urgency.NONE, (), False, (), "t")
FULL = Path("/dev/full")
FORK = multiprocessing.get_context("fork")


class Mortal:
    """Ends its process where a post is deadly."""

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        if any("deadly" in mention.text for mention in mentions):
            os.kill(os.getpid(), signal.SIGKILL)
        return [CALM for _ in mentions]


def nothing_held(_ids: Sequence[int]) -> AbstractContextManager[object]:
    return nullcontext()


def line_of(url: str, holding: Holding = nothing_held) -> Line:
    policy, metrics = compile_policy(SETTINGS), Metrics(CollectorRegistry())
    return Line(create_engine(url), Mortal(), policy, metrics, holding)  # type: ignore[arg-type]


def life(url: str, path: Path, ids: Sequence[int]) -> None:
    """What a worker does from its start on, with one job."""
    at_hand = AtHand(path)
    line = line_of(url, at_hand.holding)
    jobs.use(line)
    if left := at_hand.left():
        line.after_death(left)
    jobs.assess(list(ids))
    line.engine.dispose()


def test_a_deadly_post_is_parked_and_takes_nobody_along(database: Engine, tmp_path: Path) -> None:
    posts = [
        Mention("x", str(n), f"acme {'deadly' if n == 2 else 'calm'} {n}", AT, AT, author=Author(str(n)))
        for n in range(5)
    ]
    with database.begin() as connection:
        ids = store.store(connection, "in", posts, Watchlists(SETTINGS), part="", cursor=None, now=AT).new_ids
    url = database.url.render_as_string(hide_password=False)
    ends: list[int | None] = []
    while 0 not in ends:
        assert len(ends) < 12
        process = FORK.Process(target=life, args=(url, tmp_path / "at_hand" / "work-1", ids))
        process.start()
        process.join()
        ends.append(process.exitcode)
    with database.connect() as connection:
        waiting = connection.execute(text("SELECT mention_id, attempts, error FROM pending_mentions")).all()
        assessed = connection.scalar(text("SELECT count(*) FROM assessments"))
    assert [(row.mention_id, row.attempts) for row in waiting] == [(ids[2], 3)]
    assert "process ended while it assessed this post" in waiting[0].error
    assert assessed == 4 and set(ends) == {0, -signal.SIGKILL}


def one_that_dies_before_letting_go(url: str, path: Path, ids: Sequence[int]) -> None:
    at_hand = AtHand(path)

    @contextmanager
    def holding(ids: Sequence[int]) -> Iterator[None]:
        with at_hand.holding(ids):
            yield
            os.kill(os.getpid(), signal.SIGKILL)

    line_of(url, holding).move_all(ids)


def test_one_that_was_committed_before_its_process_died_is_not_said_to_have_failed(
    database: Engine, tmp_path: Path
) -> None:
    with database.begin() as connection:
        posts = [Mention("x", "1", "acme calm", AT, AT, author=Author("1"))]
        ids = store.store(connection, "in", posts, Watchlists(SETTINGS), part="", cursor=None, now=AT).new_ids
    url = database.url.render_as_string(hide_password=False)
    process = FORK.Process(target=one_that_dies_before_letting_go, args=(url, tmp_path / "work-1", ids))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = AtHand(tmp_path / "work-1").left()
    line = line_of(url)
    with capture_logs() as told:
        line.after_death(left)
    line.engine.dispose()
    assert left == list(ids) and {one["log_level"] for one in told} == {"info"}
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM assessments")) == 1


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_on_a_full_disk_posts_are_assessed_all_the_same(database: Engine) -> None:
    posts = [Mention("x", str(n), f"acme calm {n}", AT, AT, author=Author(str(n))) for n in range(3)]
    with database.begin() as connection:
        ids = store.store(connection, "in", posts, Watchlists(SETTINGS), part="", cursor=None, now=AT).new_ids
    process = FORK.Process(target=life, args=(database.url.render_as_string(hide_password=False), FULL, ids))
    process.start()
    process.join()
    with database.connect() as connection:
        assert connection.execute(text("SELECT mention_id, attempts, error FROM pending_mentions")).all() == []
        assert connection.scalar(text("SELECT count(*) FROM assessments")) == 3


def test_a_number_that_is_cut_off_is_nobodys(tmp_path: Path) -> None:
    at_hand = AtHand(tmp_path / "work")
    (tmp_path / "work").write_bytes(b"100 20")
    assert at_hand.left() == []


def test_what_is_let_go_of_is_not_left(tmp_path: Path) -> None:
    at_hand = AtHand(tmp_path / "work")
    with at_hand.holding([1, 22, 333]):
        assert at_hand.left() == [1, 22, 333]
    assert at_hand.left() == []


def test_a_shorter_batch_hides_a_longer_one_that_was_cut_off(tmp_path: Path) -> None:
    at_hand = AtHand(tmp_path / "work")
    (tmp_path / "work").write_bytes(b"100 200 300\n")
    with at_hand.holding([7]):
        assert at_hand.left() == [7]


def test_a_file_has_one_holder(tmp_path: Path) -> None:
    first, second = AtHand(tmp_path / "work"), AtHand(tmp_path / "work")
    with first.holding([1]), second.holding([2]):
        assert (first.left(), second.left()) == ([1], [])
    assert first.left() == []
