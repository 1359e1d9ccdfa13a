"""Growth: what one post and one look at the console cost among ten thousand stored mentions, and among millions.

A first part of the history is made by the stages themselves; SQL repeats it with other ids and older times.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from bench.report import Figure
from bench.stories import sentences
from leitstand import clock, database
from leitstand.model import Author, Mention
from leitstand.settings import Rule, Settings, Watchlist
from listeners import store
from listeners.watchlists import Watchlists
from monitoring.metrics import open_metrics
from nlp import pipeline
from triage import actions, views
from triage.policy import Policy, compile_policy
from workers.embedded import database_url, embedded_services
from workers.line import Line

SMALL, LARGE, CASES, OPEN, AT_ONCE, BATCH, ROUNDS = 10_000, 5_000_000, 1_000, 500, 20, 200, 300
STEP = 10**8
# Of a history's tables, the columns that must differ from copy to copy.
_SHIFTED = {
    "mentions": {
        "id": "id + k * :step",
        "external_id": "external_id || '-' || k",
        "created_at": "created_at - k * interval '5 minutes'",
        "received_at": "received_at - k * interval '5 minutes'",
    },
    "assessments": {"mention_id": "mention_id + k * :step"},
    "cases": {
        "number": "number + k * :step",
        "opened_at": "opened_at - k * interval '5 minutes'",
        "updated_at": "updated_at - k * interval '5 minutes'",
        "resolved_at": "resolved_at - k * interval '5 minutes'",
    },
    "case_mentions": {"mention_id": "mention_id + k * :step", "case_number": "case_number + k * :step"},
    "case_events": {"id": "id + k * :step", "case_number": "case_number + k * :step"},
    "sla_clocks": {"case_number": "case_number + k * :step"},
    "case_keys": {"id": "id + k * :step", "case_number": "case_number + k * :step", "key": "key || '-' || k"},
}
# Only what is over is repeated: open cases are as many as a team can hold, whatever the history.
_OVER = "SELECT number FROM cases WHERE number < :step AND state IN ('resolved', 'closed')"
_OF_THESE = {
    "mentions": "id < :step",
    "assessments": "mention_id < :step",
    "cases": f"number IN ({_OVER})",
    "case_mentions": f"case_number IN ({_OVER})",
    "case_events": f"case_number IN ({_OVER})",
    "sla_clocks": f"case_number IN ({_OVER})",
    "case_keys": f"case_number IN ({_OVER})",
}


@dataclass(frozen=True, slots=True)
class _House:
    engine: Engine
    line: Line
    policy: Policy
    watchlists: Watchlists


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds, sorted, of each thing that was done."""

    post: list[float]
    board: list[float]
    case: list[float]


def measure() -> list[Figure]:
    """The same single posts and looks, before and after the history has grown."""
    with _house() as house:
        _begin(house)
        small = _times(house, "s")
        copies = LARGE // SMALL
        for first in range(1, copies, AT_ONCE):
            _repeat(house.engine, first, min(first + AT_ONCE, copies) - 1)
        with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))  # that millions of rows were just loaded is not what growth costs
        large = _times(house, "l")
        with house.engine.connect() as connection:
            stored = int(connection.scalar(text("SELECT count(*) FROM mentions")) or 0)
            cases = int(connection.scalar(text("SELECT count(*) FROM cases")) or 0)
    among = f"among {SMALL:,} mentions, and among {stored:,} with {cases:,} cases ({OPEN} open)"
    return [
        _figure(f"one post stored, assessed, triaged, committed: {among}", small.post, large.post),
        _figure("the console's list of the most urgent cases, then", small.board, large.board),
        _figure("one case with its timeline, then", small.case, large.case),
    ]


def _figure(what: str, small: list[float], large: list[float]) -> Figure:
    def ms(seconds: list[float], share: float) -> str:
        return f"{seconds[int(len(seconds) * share)] * 1000:.1f}"

    ratio = statistics.median(large) / statistics.median(small)
    p50, p99 = (f"{ms(small, share)} → {ms(large, share)} ms" for share in (0.5, 0.99))
    return Figure(what, f"p50 {p50}, p99 {p99} (median {ratio:.2f}×)", "p99 flat")


@contextmanager
def _house() -> Iterator[_House]:
    settings = Settings(
        watchlists=[
            Watchlist(name="serious", query="serious AND acme", importance="high"),
            Watchlist(name="cloud", query="acme"),
        ],
        rules=[
            Rule.model_validate({"name": "some", "when": {"watchlists": ["serious"]}, "then": {"case": "open"}}),
            Rule.model_validate({"name": "the others", "when": {}, "then": {"case": "ignore"}}),
        ],
    )
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder, embedded_services(Path(folder), redis=False):
        engine = database.engine(database_url(Path(folder)), pool_size=2)
        database.upgrade(engine)
        policy = compile_policy(settings)
        (Path(folder) / "metrics").mkdir()
        line = Line(
            engine=engine, assessor=pipeline.load(), policy=policy, metrics=open_metrics(Path(folder) / "metrics", "b")
        )
        yield _House(engine, line, policy, Watchlists(settings))
        engine.dispose()


def _begin(house: _House) -> None:
    """The first mentions by the stages themselves: one in ten opens a case, and half of those are solved."""
    said = list(sentences(SMALL, seed=1))
    for first in range(0, SMALL, BATCH):
        posts = [
            _post("g", number, said[number], number % (SMALL // CASES) == 0) for number in range(first, first + BATCH)
        ]
        house.line.move(_store(house, posts))
    for number in range(1, CASES - OPEN + 1):
        with house.engine.begin() as connection:
            actions.act(connection, number, "resolve", actor="bench", now=clock.now(), policy=house.policy)


def _post(prefix: str, number: int, said: str, serious: bool) -> Mention:
    now, name = clock.now(), f"{prefix}{number}"
    words = f"acme, {'serious' if serious else 'well'}: {said}"
    return Mention("x", name, words, now, now, author=Author(id=name), conversation_id=name)


def _store(house: _House, posts: list[Mention]) -> list[int]:
    with house.engine.begin() as connection:
        return list(store.store(connection, "bench", posts, house.watchlists, now=clock.now()).new_ids)


def _repeat(engine: Engine, first: int, last: int) -> None:
    """Copies `first` to `last` of the history."""
    with engine.begin() as connection:
        for table, shifted in _SHIFTED.items():
            columns = _columns(connection, table)
            values = ", ".join(shifted.get(column, column) for column in columns)
            sql = f"""
                INSERT INTO {table} ({", ".join(columns)})
                SELECT {values} FROM {table}, generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS k
                WHERE {_OF_THESE[table]}
            """  # noqa: S608  our own words
            connection.execute(text(sql), {"first": first, "last": last, "step": STEP})


def _columns(connection: Connection, table: str) -> list[str]:
    wanted = text(
        "SELECT column_name FROM information_schema.columns WHERE table_name = :table AND is_generated = 'NEVER'"
        " AND table_schema = current_schema()"
    )
    return list(connection.scalars(wanted, {"table": table}))


def _times(house: _House, prefix: str) -> _Times:
    said = list(sentences(ROUNDS, seed=2))
    posts = [_post(prefix, number, said[number], number % 2 == 0) for number in range(ROUNDS)]

    def board() -> None:
        with house.engine.connect() as connection:
            views.most_urgent(connection, house.policy, clock.now())

    def post(number: int) -> None:
        house.line.move(_store(house, [posts[number]]))

    def case(number: int) -> None:
        with house.engine.connect() as connection:
            views.load_case(connection, number, house.policy, clock.now())

    return _Times(
        _timed(post),
        _timed(lambda _: board()),
        _timed(lambda number: case(number + 1)),
    )


def _timed(work: Callable[[int], None]) -> list[float]:
    taken = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - began)
    return sorted(taken)
