"""An edited post goes along the line again, with the real pipeline: assessed anew, its case brought up to date."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand.model import Author, Mention, Severity, Urgency
from leitstand.settings import Settings
from listeners import pending
from listeners.contract import Batch, Gone
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from nlp import pipeline
from nlp import store as assessments
from triage import records, timeline
from triage.policy import compile_policy
from workers import jobs
from workers.intake import Intake
from workers.line import Line
from workers.queues import AssessQueue, connect
from workers.revising import revise

SETTINGS = Settings.model_validate(
    {
        "watchlists": [{"name": "cloud", "query": "acme", "importance": "high"}],
        "targets": {"desk": {"kind": "log"}},
        "teams": {"default": {"forward": ["desk"]}},
    }
)
CALM, BAD = "acme, guten Morgen zusammen", "acme: data breach, my account was hacked right now"


@pytest.fixture(scope="module")
def assessor() -> pipeline.Assessor:
    return pipeline.load(SETTINGS)


class Bench:
    """Hears posts and moves them, as `listen` and `work` do, in one process."""

    def __init__(self, engine: Engine, queue: AssessQueue, assessor: pipeline.Assessor) -> None:
        metrics = Metrics(CollectorRegistry())
        self.engine = engine
        self.intake = Intake(engine, Watchlists(SETTINGS), queue, metrics)
        self.line = Line(engine, assessor, compile_policy(SETTINGS), metrics)

    def hear(self, *mentions: Mention, edits: tuple[Mention, ...] = ()) -> list[int]:
        """What is to be assessed."""
        return self.intake.take("ear", Batch(mentions, None, edits=edits)).waiting

    def work(self, ids: list[int]) -> None:
        jobs.use(self.line)
        jobs.assess(ids)

    def urgency(self, number: int) -> Urgency:
        with self.engine.connect() as connection:
            return assessments.load(connection, [number])[number].urgency

    def case(self, number: int) -> records.CaseRecord | None:
        with self.engine.connect() as connection:
            found = connection.scalar(
                text("SELECT case_number FROM case_mentions WHERE mention_id = :id"), {"id": number}
            )
            return records.read(connection, [found])[found] if found else None

    def waiting(self) -> int:
        with self.engine.connect() as connection:
            return pending.backlog(connection).pending


@pytest.fixture
def bench(database: Engine, redis_url: str, assessor: pipeline.Assessor) -> Iterator[Bench]:
    redis = connect(redis_url)
    yield Bench(database, AssessQueue(redis), assessor)
    redis.close()


def post(words: str = CALM, number: str = "1") -> Mention:
    written = clock.now() - timedelta(hours=3)
    return Mention("x", number, words, written, clock.now(), author=Author("7", "anna"))


def test_an_edit_that_makes_a_post_urgent_opens_a_case_that_is_due_from_the_edit_on(bench: Bench) -> None:
    [number] = bench.hear(post())
    bench.work([number])
    assert (bench.urgency(number), bench.case(number)) == (Urgency.NONE, None)
    edit = replace(post(BAD), edited_at=clock.now())
    assert bench.hear(edits=(edit,)) == [number]
    bench.work([number])
    case = bench.case(number)
    assert case is not None
    assert (bench.urgency(number), case.severity, case.posted_at) == (Urgency.CRITICAL, Severity.SEV1, edit.edited_at)
    assert bench.waiting() == 0


def test_an_edit_of_a_case_s_post_raises_the_case_and_both_readings_are_there(bench: Bench) -> None:
    [number] = bench.hear(post("acme: how can I change my address?"))
    bench.work([number])
    before = bench.case(number)
    assert before is not None
    assert before.severity is not Severity.SEV1
    bench.work(bench.hear(edits=(post(BAD),)))
    case = bench.case(number)
    assert case is not None
    assert (case.number, case.severity, case.text, case.mention_count) == (before.number, Severity.SEV1, BAD, 1)
    with bench.engine.connect() as connection:
        kinds = [event.kind for event in timeline.read(connection, case.number)]
        told = connection.execute(text("SELECT target, type, severity FROM deliveries ORDER BY id")).all()
    assert kinds[:4] == ["opened", "post_edited", "reassessed", "severity"]
    assert [tuple(row) for row in told] == [("desk", "case.opened", before.severity), ("desk", "case.updated", "sev1")]


def test_a_job_that_comes_twice_assesses_an_edit_once(bench: Bench) -> None:
    [number] = bench.hear(post(BAD))
    bench.work([number])
    again = bench.hear(edits=(post(CALM),))
    bench.work(again)
    bench.work(again)
    case = bench.case(number)
    assert case is not None
    with bench.engine.connect() as connection:
        events = [event for event in timeline.read(connection, case.number) if event.kind == "reassessed"]
    assert (len(events), case.severity, bench.urgency(number)) == (1, Severity.SEV1, Urgency.NONE)


def test_an_edit_before_the_first_assessment_is_simply_what_is_assessed(bench: Bench) -> None:
    [number] = bench.hear(post())
    assert bench.hear(edits=(post(BAD),)) == [number]
    bench.work([number])
    case = bench.case(number)
    assert case is not None
    with bench.engine.connect() as connection:
        assert timeline.read(connection, case.number)[0].kind == "opened"
    assert bench.waiting() == 0


def test_new_and_edited_posts_of_one_job_are_all_moved(bench: Bench) -> None:
    [first] = bench.hear(post())
    bench.work([first])
    both = bench.hear(post(BAD, "2"), edits=(post(BAD),))
    assert len(both) == 2
    bench.work(both)
    assert [bench.urgency(number) for number in both] == [Urgency.CRITICAL] * 2
    assert bench.waiting() == 0


def test_an_edit_that_cannot_be_assessed_is_tried_again_and_then_set_aside(bench: Bench) -> None:
    [number] = bench.hear(post())
    bench.work([number])
    again = bench.hear(edits=(post(BAD),))
    with bench.engine.begin() as connection:
        connection.execute(text("ALTER TABLE assessments ADD CHECK (urgency < 3)"))
    for _ in range(3):
        assert bench.waiting() == 1
        bench.work(again)
    assert (bench.waiting(), bench.urgency(number)) == (0, Urgency.NONE)
    with bench.engine.connect() as connection:
        assert pending.backlog(connection).parked == 1


def test_an_edit_is_not_counted_in_how_long_posts_take_to_their_case(bench: Bench) -> None:
    [number] = bench.hear(post())
    bench.work([number])
    before = bench.line.metrics.post_to_case._sum.get()
    bench.work(bench.hear(edits=(post(BAD),)))
    assert bench.line.metrics.post_to_case._sum.get() == before


def test_what_a_network_deletes_is_quoted_by_no_reason_any_more(bench: Bench) -> None:
    [number] = bench.hear(post(BAD))
    bench.work([number])
    bench.intake.take("ear", Batch((), None, deletes=(Gone("x", "1"),)))
    case = bench.case(number)
    assert case is not None
    assert not [reason for reason in case.reasons if "“" in reason.text]
    with bench.engine.connect() as connection:
        assert assessments.load(connection, [number])[number].reasons == ()


def test_of_several_workers_at_once_one_moves_an_edited_post(bench: Bench) -> None:
    [number] = bench.hear(post(BAD))
    bench.work([number])
    bench.hear(edits=(post(CALM),))
    line = bench.line
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(revise, line.engine, line.assessor, line.policy, number) for _ in range(4)]
        moved = [one.result() for one in tries]
    case = bench.case(number)
    assert case is not None
    with bench.engine.connect() as connection:
        kinds = [event.kind for event in timeline.read(connection, case.number)]
        doubled = connection.scalar(text("SELECT count(*) - count(DISTINCT (band, mention_id)) FROM story_bands"))
    assert (sorted(moved), kinds.count("reassessed"), doubled, bench.waiting()) == ([False] * 3 + [True], 1, 0, 0)


def test_posts_of_one_story_that_are_edited_at_once_each_tell_their_own(bench: Bench) -> None:
    """And so does whoever comes meanwhile: nobody waits for anybody in a circle."""
    told = "acme: the whole shop stands still since nine and nobody at the hotline answers"
    subjects = ["invoices that count twice", "a parcel without a label", "passwords that never fit", "lamps that hum"]
    posts = [post(told, str(n)) for n in range(1, 7)]
    bench.work(numbers := bench.hear(*posts))
    edits = [
        replace(one, text=f"acme sells me {what}, which I had not ordered")
        for one, what in zip(posts, subjects, strict=False)
    ]
    bench.hear(edits=tuple(edits))
    line = bench.line
    more = [bench.hear(post(told, str(n))) for n in (7, 8, 9)]
    with ThreadPoolExecutor(6) as pool:
        tries = [pool.submit(revise, line.engine, line.assessor, line.policy, number) for number in numbers[:4]]
        come = [pool.submit(bench.work, ids) for ids in more]
        moved = [one.result() for one in tries]
        [one.result() for one in come]
    with bench.engine.connect() as connection:
        rows = connection.execute(text("SELECT mention_id, story FROM story_posts ORDER BY mention_id")).all()
        strange = connection.scalar(
            text("SELECT count(*) FROM story_posts p WHERE NOT EXISTS"
                 " (SELECT FROM story_posts f WHERE f.mention_id = p.story AND f.story = p.story)")
        )  # fmt: skip
    assert all(moved)
    assert [story for _, story in rows] == [*numbers[:4], *[numbers[4]] * 5]
    assert (strange, bench.waiting()) == (0, 0)
