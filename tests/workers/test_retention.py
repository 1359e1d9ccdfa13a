"""Retention: what is past its limit goes whole, what is held stays, and nothing that goes comes back."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, Engine, text
from structlog.testing import capture_logs

from escalation_bridge import outbox
from leitstand import clock
from leitstand.model import Assessment, Author, Intent, Mention, Reason, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import changes, store
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from nlp import store as assessments
from tests.console.running import settings
from triage import cases, merging
from triage.actions import act
from triage.knowledge.search import search
from triage.policy import Policy, compile_policy
from triage.projects import acts, opening
from triage.projects import store as escalations
from workers.queues import AssessQueue, connect
from workers.retention import Over, Pass, Retention, over
from workers.sweep import Sweep
from workers.watch import Watch

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMITS = {"posts": "60d", "cases": "90d"}
LESSON = acts.Given(
    happened="A certificate ran out.", why="Nobody saw it.", change="It is watched.", by_whom="platform"
)
# Every column that says to which post, case, escalation, incident or story a row belongs.
NAMES = {
    "mention_id": "mentions.id",
    "case_number": "cases.number",
    "merged_into": "cases.number",
    "lead_case": "cases.number",
    "escalation": "escalations.number",
    "incident": "incidents.number",
    "story": "story_posts.mention_id",
}
THEIRS = ("case_mentions", "case_events", "case_keys", "sla_clocks", "deliveries", "escalation_runs")


@dataclass
class House:
    """An installation with its past."""

    database: Engine
    config: Settings

    def days_ago(self, days: float) -> datetime:
        return NOW - timedelta(days=days)

    def post(self, name: str, days: float, words: str = "", *, parent: str = "", urgent: bool = True) -> int:
        """A post heard and decided on so many days ago; its number."""
        at, said = self.days_ago(days), words or f"acme {name} is down"
        mention = Mention(
            "x",
            name,
            said,
            at,
            at,
            url=f"https://x.example/{name}",
            parent_id=parent,
            author=Author(f"id-{name}", name),
        )
        urgency = Urgency.HIGH if urgent else Urgency.NONE
        reasons = (Reason("urgency", "down", 0, 4, 2.0),)
        intents = (Intent.OUTAGE,) if urgent else (Intent.PRAISE,)
        found = Assessment("en", Sentiment.NEGATIVE, -0.5, urgency, intents, urgent, reasons, "t")
        with self.database.begin() as connection:
            (new,) = store.store(connection, "in", [mention], self.watchlists, part="", cursor=None, now=at).new_ids
            connection.execute(text("DELETE FROM pending_mentions WHERE mention_id = :id"), {"id": new})
            assessments.store(connection, [(new, found)], at)
            outcome = cases.process(connection, [(store.load(connection, [new])[0], found)], self.policy, at)
            outbox.add(connection, outcome.notices, at)
        return new

    @property
    def policy(self) -> Policy:
        return compile_policy(self.config)

    @property
    def watchlists(self) -> Watchlists:
        return Watchlists(self.config)

    def case(self, post: int) -> int:
        """The case that holds a post."""
        return int(str(self.ask("SELECT case_number FROM case_mentions WHERE mention_id = :id", id=post)[0][0]))

    def do(self, case: int, action: str, days: float, **given: str) -> None:
        with self.database.begin() as connection:
            acted = act(
                connection, case, action, actor="ann", now=self.days_ago(days), policy=self.policy, **given
            )  # fmt: skip
            outbox.add(connection, acted.notices, self.days_ago(days))

    def close(self, case: int, days: float) -> int:
        self.do(case, "resolve", days)
        self.do(case, "close", days)
        return case

    def escalation(self, case: int, over: bool) -> None:
        """An escalation as a project, and what was learned of it where it is over."""
        at = self.days_ago(110)
        with self.database.begin() as connection:
            project, _ = opening.open_(connection, opening.Cause("person", case), self.policy, at)
            if over and project:
                acts.act(connection, project.number, "close", LESSON, actor="walter", policy=self.policy, now=at)

    def told(self) -> None:
        """Everybody was told of everything."""
        with self.database.begin() as connection:
            connection.execute(text("UPDATE deliveries SET state = 'sent', answered = true"))

    def retention(self, **limits: str) -> Retention:
        kept = Settings.model_validate({"retention": limits or LIMITS}).retention
        return Retention(self.database, kept, Metrics(CollectorRegistry()))

    def let_go(self, after: Callable[[], None] = lambda: None, **limits: str) -> Over:
        """A whole pass; what was counted of it."""
        registry = CollectorRegistry()
        retention = replace(self.retention(**limits), metrics=Metrics(registry))
        while retention.next_at <= NOW:
            retention.step(NOW)
            after()
        name = "leitstand_retention_let_go_total"
        return Over(*(int(registry.get_sample_value(name, {"what": what}) or 0) for what in ("posts", "cases")))

    def ask(self, query: str, **given: object) -> list[tuple[object, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), given)]

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        tables = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {str(t): self.ask(f'SELECT t::text FROM "{t}" t ORDER BY 1') for (t,) in tables}

    def dangling(self) -> list[str]:
        """The columns with rows that point at nothing."""
        found = []
        columns = self.ask(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type = 'bigint' AND column_name = ANY(:names)", names=list(NAMES),
        )  # fmt: skip
        assert len(columns) > 25
        for table, column in columns:
            there, key = NAMES[str(column)].split(".")
            rows = self.ask(
                f'SELECT "{column}" FROM "{table}" t WHERE "{column}" <> 0'
                f' AND NOT EXISTS (SELECT FROM {there} o WHERE o.{key} = t."{column}")'
            )
            found += [f"{table}.{column}: {row[0]}" for row in rows]
        return found

    def held(self) -> list[list[tuple[object, ...]]]:
        """All that the open cases are and hold."""
        live = "SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting')"
        own = [f"SELECT t::text FROM {t} t WHERE case_number IN ({live}) ORDER BY 1" for t in THEIRS]
        posts = f"(SELECT mention_id FROM case_mentions WHERE case_number IN ({live}))"
        return [
            self.ask(query)
            for query in (
                f"SELECT t::text FROM cases t WHERE number IN ({live}) ORDER BY 1", *own,
                f"SELECT t::text FROM mentions t WHERE id IN {posts} ORDER BY 1",
                f"SELECT t::text FROM assessments t WHERE mention_id IN {posts} ORDER BY 1",
            )
        ]  # fmt: skip

    def kept(self) -> set[str]:
        """The posts of which more than the number is kept."""
        return {str(name) for (name,) in self.ask("SELECT external_id FROM mentions WHERE text <> ''")}

    def cases(self) -> set[int]:
        return {int(str(number)) for (number,) in self.ask("SELECT number FROM cases")}


@pytest.fixture
def house(database: Engine, tmp_path: Path) -> House:
    return House(database, settings(tmp_path))


def full(house: House, seed: int) -> None:
    """Posts and cases of half a year, some of which go on, are merged, copied, closed or left open."""
    chance = random.Random(seed)
    made: list[int] = []
    for n in range(40):
        days = 180 - 4 * n
        copied = "acme answers nobody who asks since the last change of the whole tariff, says everybody I know"
        post = house.post(f"p{n}", days, copied if n % 7 == 0 else "", urgent=chance.random() < 0.7)
        if rows := house.ask("SELECT case_number FROM case_mentions WHERE mention_id = :id", id=post):
            made.append(int(str(rows[0][0])))
            house.post(f"r{n}", days - 0.1, parent=f"p{n}")
    open_ = sorted(set(made))
    for one, other in zip(open_[::5], open_[1::5], strict=False):
        with house.database.begin() as connection:
            merging.merge(connection, one, other, actor="ann", now=house.days_ago(100), policy=house.policy)
    live = sorted(int(str(n)) for (n,) in house.ask("SELECT number FROM cases WHERE state = 'new'"))
    for place, number in enumerate(live):
        if place % 3 == 0:
            house.escalation(number, over=place % 6 == 0)
        if chance.random() < 0.7:
            house.close(number, chance.choice([95, 91, 80, 20]))
    house.told()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_row_is_left_pointing_at_nothing_and_what_is_open_is_untouched(house: House, seed: int) -> None:
    full(house, seed)
    before, held = house.cases(), house.held()
    foreseen = over(house.database, house.retention().limits, NOW)
    assert house.dangling() == [] and held[0] and held[7]
    assert house.ask("SELECT number FROM escalations WHERE state = 'open'")

    def whole() -> None:
        assert house.dangling() == []
        assert house.held() == held

    met = house.let_go(whole)
    assert 0 < met.cases == foreseen.cases == len(before) - len(house.cases()) < len(before)
    assert met.posts > foreseen.posts > 0, "those of the cases are gone, too"
    assert {"p39", "r39"} & house.kept(), "what is young stays"
    assert house.ask("SELECT number FROM escalations WHERE case_number IS NULL"), "something was learned"
    left = house.everything()
    assert house.let_go() == Over(0, 0)
    assert house.everything() == left
    assert over(house.database, house.retention().limits, NOW) == Over(0, 0)


@pytest.mark.parametrize("of", ["cases", "posts"])
def test_a_kill_in_the_middle_leaves_all_as_it_was(house: House, database_url_of_test: str, of: str) -> None:
    for n in range(3):
        post = house.post(f"p{n}", 120, urgent=of == "cases")
        if of == "cases":
            house.close(house.case(post), 110)
    house.told()
    before, root = house.everything(), Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.workers.letting_go", database_url_of_test, house.days_ago(90).isoformat(), of],
        stdout=subprocess.PIPE, cwd=root, env={"PYTHONPATH": str(root)},
    ) as worker:  # fmt: skip
        assert worker.stdout and worker.stdout.readline() == b"done\n"
        assert house.let_go() == Over(0, 0), "what another one is at is passed over"
        worker.send_signal(signal.SIGKILL)
    with house.database.begin() as connection:  # until PostgreSQL has seen it
        connection.execute(text("SELECT FROM cases FOR UPDATE"))
        connection.execute(text("SELECT FROM mentions FOR UPDATE"))
    assert house.everything() == before
    assert house.let_go() == Over(3, 3 if of == "cases" else 0)
    assert house.dangling() == []


def test_a_post_that_went_does_not_come_back(house: House) -> None:
    post = house.post("old", 61, urgent=False)
    young = house.post("young", 59, urgent=False)
    assert house.let_go() == Over(1, 0)
    assert house.ask("SELECT mention_id FROM assessments") == [(young,)]
    row = "SELECT id, text, url, author_id, author_handle FROM mentions WHERE external_id = 'old'"
    assert house.ask(row) == [(post, "", "", "", "")]
    again = Mention("x", "old", "acme old is down", NOW, NOW, author=Author("id-old", "old"))
    with house.database.begin() as connection:
        found = store.store(connection, "in", [again], house.watchlists, part="", cursor=None, now=NOW)
        edited = changes.edit(connection, [replace(again, text="acme is down again")], house.watchlists, NOW)
    assert (list(found.new_ids), list(edited)) == ([], [])
    assert house.ask("SELECT mention_id FROM pending_mentions") == []
    assert house.ask(row) == [(post, "", "", "", "")]


def test_without_limits_all_is_kept_and_each_limit_stands_alone(house: House) -> None:
    held, free = house.post("held", 200), house.post("free", 200, urgent=False)
    number = house.close(house.case(held), 150)
    house.told()
    before = house.everything()
    Retention(house.database, Settings().retention, Metrics(CollectorRegistry())).step(NOW)
    assert house.everything() == before
    assert house.let_go(posts="60d") == Over(1, 0), "the case holds its post"
    assert (house.kept(), house.cases()) == ({"held"}, {number})
    assert house.let_go(cases="90d") == Over(0, 1)
    assert (house.kept(), house.cases()) == ({"held"}, set())
    assert free and house.let_go(posts="60d") == Over(1, 0)


INCIDENT = """
    WITH i AS (
      INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak, authors)
      VALUES ('cloud', 'open', 'trouble', now(), now(), 1, 1, 1, 1) RETURNING number)
    UPDATE cases SET incident = i.number FROM i WHERE cases.number = :case
"""
WAITS = "INSERT INTO pending_mentions SELECT mention_id, '2027-01-01' FROM case_mentions WHERE case_number = :case"
UNTOLD = "UPDATE deliveries SET state = 'pending' WHERE case_number = :case"
LATELY = "UPDATE cases SET closed_at = '2026-05-20' WHERE number = :case"


def _write(house: House, statement: str, case: int) -> None:
    with house.database.begin() as connection:
        connection.execute(text(statement), {"case": case})


HOLDS: dict[str, Callable[[House, int], None]] = {
    "a notice is still to go out": lambda house, case: _write(house, UNTOLD, case),
    "its incident is open": lambda house, case: _write(house, INCIDENT, case),
    "its escalation is open": lambda house, case: house.escalation(case, over=False),
    "its post was edited": lambda house, case: _write(house, WAITS, case),
    "it is open again": lambda house, case: house.do(case, "reopen", 95),
    "it ended lately": lambda house, case: _write(house, LATELY, case),
}


@pytest.mark.parametrize("why", HOLDS)
def test_a_case_is_held(house: House, why: str) -> None:
    number = house.close(house.case(house.post("post", 120)), 100)
    other = house.close(house.case(house.post("other", 120)), 100)
    house.told()
    HOLDS[why](house, number)
    before = house.ask("SELECT c::text FROM cases c WHERE number = :n", n=number)
    assert house.let_go() == Over(1, 1)
    assert (house.cases(), house.kept()) == ({number}, {"post"}) and other != number
    assert house.ask("SELECT c::text FROM cases c WHERE number = :n", n=number) == before


def test_merged_cases_go_together(house: House) -> None:
    one, other = house.case(house.post("one", 120)), house.case(house.post("other", 120))
    with house.database.begin() as connection:
        merging.merge(connection, one, other, actor="ann", now=house.days_ago(100), policy=house.policy)
    house.told()
    assert house.let_go() == Over(0, 0), "the one that it was merged into is open"
    assert house.cases() == {one, other}
    house.close(one, 95)
    house.told()
    assert house.let_go() == Over(2, 2)
    assert house.dangling() == []


def test_what_an_escalation_taught_stays_without_the_people_and_the_case(house: House) -> None:
    number = house.case(house.post("secretive", 120, "acme is down says zanzibar"))
    house.escalation(number, over=True)
    house.close(number, 100)
    house.told()
    assert house.let_go() == Over(1, 1)
    said = str(house.everything())
    assert not [word for word in ("zanzibar", "id-secretive", "walter", "ann") if word in said]
    with house.database.connect() as connection:
        (lesson,) = search(connection, "certificate").lessons
        kept = escalations.read(connection, lesson.number)
    assert (lesson.case_number, lesson.title, lesson.change) == (None, f"case {number}", "It is watched.")
    assert (kept.state, kept.happened, kept.owner) == ("closed", "A certificate ran out.", "")
    assert house.dangling() == []


def test_a_story_takes_the_number_of_its_first_post_that_stays(house: House) -> None:
    words = "acme answers nobody who asks since the last change of the whole tariff, says everybody I know"
    first, second, third = (house.post(f"p{n}", 60.5 - n, words, urgent=False) for n in range(3))
    assert {story for (story,) in house.ask("SELECT story FROM story_posts")} == {first}
    assert house.let_go() == Over(1, 0)
    assert house.ask("SELECT mention_id, story FROM story_posts ORDER BY 1") == [(second, second), (third, second)]


def test_it_stands_aside_while_the_line_is_behind_and_goes_on_after(house: House) -> None:
    post, waits = house.post("old", 100, urgent=False), house.post("waits", 1, urgent=False)
    with house.database.begin() as connection:
        _pend(connection, waits, NOW - timedelta(minutes=1))
    retention = house.retention()
    for _ in range(5):
        retention.step(NOW)
    assert retention.under_way == Pass() and house.kept() == {"old", "waits"}
    with house.database.begin() as connection:
        connection.execute(text("DELETE FROM pending_mentions"))
    with capture_logs() as logs:
        for _ in range(5):
            retention.step(NOW)
    assert house.kept() == {"waits"} and post
    (said,) = logs
    assert (said["event"], said["posts"], said["cases"]) == ("let go of what is past its limit", 1, 0)
    assert retention.next_at == NOW + timedelta(days=1), "once a day"


def test_a_fault_rests_and_is_told(house: House) -> None:
    house.post("old", 100, urgent=False)
    with house.database.begin() as connection:
        connection.execute(text("ALTER TABLE mention_checks RENAME TO elsewhere"))
    retention = house.retention()
    with capture_logs() as logs:
        for _ in range(5):
            retention.step(NOW)
    assert [entry["log_level"] for entry in logs] == ["error"]
    with house.database.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO mention_checks"))
    for minutes, kept in ((59, {"old"}), (60, set())):
        for _ in range(5):
            retention.step(NOW + timedelta(minutes=minutes))
        assert house.kept() == kept


def _pend(connection: Connection, post: int, at: datetime) -> None:
    connection.execute(text("INSERT INTO pending_mentions VALUES (:id, :at)"), {"id": post, "at": at})


def test_the_sweep_does_it_beside_its_deadlines(house: House, redis_url: str) -> None:
    long_ago = (NOW - clock.now()) / timedelta(days=1) + 100
    house.post("old", long_ago, urgent=False)
    retention, queue = house.retention(), AssessQueue(connect(redis_url))
    sweep = Sweep(
        house.database, queue, house.policy, retention.metrics, Watch(house.database, house.policy), retention
    )
    for _ in range(5):
        sweep.tick()
    assert house.kept() == set() and retention.next_at > clock.now()
