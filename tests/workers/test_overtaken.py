"""An answer that a worker looks at before the post it answers is in its case all the same, soon after."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, event, text

from leitstand import clock
from leitstand.model import Author, ClockName, ClockState, Mention
from leitstand.settings import Settings
from listeners.contract import Batch
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from nlp import pipeline
from triage import clocks, overtaken
from triage.policy import compile_policy
from workers import jobs, sweep
from workers.intake import Intake
from workers.line import Line
from workers.queues import AssessQueue, connect
from workers.retention import Retention
from workers.watch import Watch

SETTINGS = Settings.model_validate(
    {
        "brand": {"own_accounts": ["x:acme"]},
        "watchlists": [{"name": "cloud", "query": "acme"}],
        "targets": {"desk": {"kind": "log"}},
        "sla": [{"first_response": "2h"}],
    }
)
SOON = overtaken.SETTLED_AFTER + timedelta(seconds=1)
WRITTEN = clock.now() - timedelta(minutes=10)


class House:
    """`listen`, `work` and `sweep` in one process, each in the order that a test wants."""

    def __init__(self, engine: Engine, queue: AssessQueue) -> None:
        metrics, policy = Metrics(CollectorRegistry()), compile_policy(SETTINGS)
        self.engine = engine
        self._intake = Intake(engine, Watchlists(SETTINGS), queue, metrics)
        self._line = Line(engine, pipeline.load(SETTINGS), policy, metrics)
        retention = Retention(engine, SETTINGS.retention, metrics)
        self._begin = partial(sweep.Sweep, engine, queue, policy, metrics, Watch(engine, policy), retention)
        self._sweep = self._begin()

    def hear(self, *mentions: Mention) -> list[int]:
        return self._intake.take("ear", Batch(mentions, None)).waiting

    def work(self, *ids: int) -> None:
        for one in ids:
            self._line.move([one])

    def sweep(self, later: timedelta) -> None:
        """A tick of the sweep that much later."""
        self._sweep._settle(clock.now() + later)

    def settle(self) -> list[int]:
        """A tick of the sweep some seconds later; the answers that it has decided on again."""
        self.sweep(SOON)
        with self.engine.connect() as connection:
            ids = list(connection.scalars(text("SELECT mention_id FROM pending_mentions ORDER BY 1")))
        jobs.use(self._line)
        jobs.assess(ids)
        return ids

    def stop(self, lasts: timedelta) -> None:
        """Nothing runs for a while, and then a new sweep: all that is stored lies that much further back."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE cases SET opened_at = opened_at - :lasts"), {"lasts": lasts})
            connection.execute(text("UPDATE marks SET up_to = up_to - :lasts"), {"lasts": lasts})
        self._sweep = self._begin()

    def cases(self) -> dict[str, int]:
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT external_id, case_number FROM case_mentions JOIN mentions ON id = mention_id")
            )
            return {row.external_id: row.case_number for row in rows}


@pytest.fixture
def house(database: Engine, redis_url: str) -> Iterator[House]:
    redis = connect(redis_url)
    yield House(database, AssessQueue(redis))
    redis.close()


def post(number: str, words: str, minutes: int, who: str = "anna", parent: str = "", root: str = "") -> Mention:
    written = WRITTEN + timedelta(minutes=minutes)
    return Mention(
        "x", number, words, written, clock.now(), author=Author(who, who), parent_id=parent, conversation_id=root
    )


OPENER = post("1", "@acme I cannot log in since an hour, please help", 0)


def test_an_answer_that_was_assessed_first_joins_the_case(house: House) -> None:
    opener, chat, unnamed = house.hear(
        OPENER,
        post("2", "acme, ha ha, you too", 1, "bob", "1", "1"),
        post("3", "ha ha, so true 😂", 2, "carl", "1"),
    )
    house.work(chat, unnamed, opener)
    assert set(house.cases()) == {"1"}
    assert house.settle() == [chat, unnamed]
    assert len(set(house.cases().values())) == 1
    assert set(house.cases()) == {"1", "2", "3"}
    assert house.settle() == []


def test_an_own_reply_that_was_assessed_first_stops_the_clock(house: House) -> None:
    opener, reply = house.hear(OPENER, post("2", "We are on it.", 3, "acme", "1", "1"))
    house.work(reply, opener)
    house.settle()
    with house.engine.connect() as connection:
        [case] = set(house.cases().values())
        first = clocks.read(connection, [case])[case][ClockName.FIRST_RESPONSE]
    assert first.state is ClockState.MET


def test_what_was_written_before_the_opening_post_stays_outside(house: House) -> None:
    chat, opener = house.hear(
        post("0", "acme, good morning", -5, "bob"),
        post("1", "@acme I cannot log in since an hour, please help", 0, "anna", "0", "0"),
    )
    house.work(chat, opener)
    assert house.settle() == []
    assert set(house.cases()) == {"1"}


def test_an_answer_that_was_overtaken_just_before_a_long_stop_joins_the_case_after_it(house: House) -> None:
    opener, reply = house.hear(OPENER, post("2", "We are on it.", 3, "acme", "1", "1"))
    house.work(reply, opener)
    house.stop(timedelta(days=3))
    assert house.settle() == [reply]
    assert set(house.cases()) == {"1", "2"}


def test_what_a_sweep_had_found_that_died_before_its_commit_is_found_again(house: House) -> None:
    opener, reply = house.hear(OPENER, post("2", "We are on it.", 3, "acme", "1", "1"))
    house.work(reply, opener)
    with house.engine.connect() as dying:
        assert overtaken.find_on(dying, clock.now() + SOON) == [reply]
        assert house.settle() == [], "and meanwhile no other waits for it"
    assert house.settle() == [reply]


def test_a_case_that_took_long_to_be_opened_gets_its_answers(house: House) -> None:
    opener, reply = house.hear(OPENER, post("2", "We are on it.", 3, "acme", "1", "1"))
    house.work(reply)
    event.listen(house.engine, "commit", lambda _: house.sweep(timedelta(hours=1)), once=True)
    house.work(opener)
    assert house.settle() == [reply]
