"""Triage alone: decisions a second, and what the sweep costs while many cases are open, beside naive ways."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Connection, Engine, text

from bench.posts import mentions
from bench.report import Figure
from leitstand import clock, database
from leitstand.model import Assessment, CaseState, Clock, Intent, MatchedMention, Sentiment, Severity, Urgency
from leitstand.settings import Rule, Settings, Watchlist
from triage import clocks, records, sla
from triage.agreements import DEFAULTS
from triage.changes import apply
from triage.decide import Item, decide
from triage.firing import fire_due
from triage.hours import ALWAYS
from triage.judgement import judge
from triage.policy import Policy, compile_policy
from workers.embedded import embedded_services

POSTS, BATCH, NAIVE_POSTS = 20_000, 200, 200
OPEN = (10_000, 100_000)
TICK, SECONDS, NAIVE_TICKS = 0.2, 60, 2
_CHUNK = 2000


def decisions() -> list[Figure]:
    """Posts judged, grouped, and their cases and clocks made ready, without a database."""
    policy = _policy()
    items = _items(POSTS)
    now = clock.now()
    started = time.process_time()
    for first in range(0, POSTS, BATCH):
        decided = decide(items[first : first + BATCH], {}, policy)
        apply(decided, {}, {}, range(1, BATCH + 1), policy, now)
    ours = POSTS / (time.process_time() - started)
    open_cases = [(f"x:{item.mention.external_id}", item.mention.author.id) for item, _ in items[: OPEN[0]]]
    started = time.process_time()
    for item, assessment in items[-NAIVE_POSTS:]:
        judge(item, assessment, policy)
        any(key == item.mention.parent_id or author == item.mention.author.id for key, author in open_cases)
    naive = NAIVE_POSTS / (time.process_time() - started)
    return [
        Figure(
            "decide and apply: severity, rules, grouping, case and three clocks, one core",
            f"{ours:,.0f} posts/s",
            "≥ 10,000",
            f"{naive:,.0f} posts/s only looking through {OPEN[0]:,} open cases (ours {ours / naive:,.1f}×)",
        )
    ]


def sweep() -> list[Figure]:
    """What a sweep costs, of one core with PostgreSQL's part, and how late clocks fire: quiet, and in a storm."""
    figures = []
    for count in OPEN:
        with _database() as engine:
            now = _fill(engine, count)
            quiet = _run(engine, now, _policy())
            storm = _run(engine, _storm(engine, now), _policy())
            naive = _naive(engine, now)
        figures += [
            Figure(
                f"sweep with {count:,} open cases, {len(quiet.delays)} clocks firing in {SECONDS} s",
                f"{quiet.share:.1%} of a core, p99 {quiet.p99 * 1000:.0f} ms after due",
                "≤ 5 %, p99 ≤ 1 s",
                f"{naive:.0%} of a core looking at every clock each {TICK:g} s (ours {naive / quiet.share:,.0f}× less)",
            ),
            Figure(
                f"the same while {len(storm.delays):,} clocks fall due in {SECONDS} s",
                f"{storm.share:.0%} of a core, p99 {storm.p99 * 1000:.0f} ms after due",
                "p99 ≤ 1 s",
            ),
        ]
    return figures


@dataclass(frozen=True, slots=True)
class _Cost:
    """The share of a core that the ticks of a minute took, and how late each clock was, in seconds."""

    share: float
    delays: list[float]

    @property
    def p99(self) -> float:
        """What 99 of 100 clocks fire within."""
        return sorted(self.delays)[int(len(self.delays) * 0.99)] if self.delays else 0.0


def _run(engine: Engine, now: datetime, policy: Policy) -> _Cost:
    """A minute of ticks, each when the one before has ended and at the earliest `TICK` later: no waiting in between."""
    delays: list[float] = []
    with engine.connect() as connection:
        before, at, end = _cpu(connection), now, now + timedelta(seconds=SECONDS)
        while at < end:
            started = time.perf_counter()
            with connection.begin():
                fired = fire_due(connection, policy, at)
            took = time.perf_counter() - started
            delays += [delay + took for name, delay in fired.delays]
            pause = 0.0 if fired.claimed >= 500 else TICK
            at += timedelta(seconds=pause + took)
        return _Cost((_cpu(connection) - before) / SECONDS, delays)


def _cpu(connection: Connection) -> float:
    """The processor seconds of this process and of its PostgreSQL backend so far."""
    with connection.begin() if not connection.in_transaction() else connection.begin_nested():
        backend = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()"))).cpu_times()
    return time.process_time() + backend.user + backend.system


def _naive(engine: Engine, now: datetime) -> float:
    """The share of a core of asking every open clock, each tick, how much of its time is used."""
    with engine.connect() as connection:
        before = _cpu(connection)
        for _ in range(NAIVE_TICKS):
            with connection.begin():
                numbers = connection.scalars(text("SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting')"))
                for stored in clocks.read(connection, numbers.all()).values():
                    sla.light([(c, ALWAYS) for c in stored.values()], now)
        return (_cpu(connection) - before) / (NAIVE_TICKS * TICK)


def _storm(engine: Engine, now: datetime) -> datetime:
    """Move the deadlines of 10,000 cases into the minute that begins an hour later; when that is."""
    begins = now + timedelta(hours=1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE sla_clocks SET fire_at = fire_at + interval '30 days'"))
        connection.execute(
            text("""
                UPDATE sla_clocks k SET due_at = :begins + (case_number % 10000) * interval '6 milliseconds',
                  fire_at = :begins + (case_number % 10000) * interval '6 milliseconds', warnings_left = '{}'
                WHERE name = 'first_response' AND case_number <= 10000
            """),
            {"begins": begins},
        )
    return begins


@contextmanager
def _database() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder, embedded_services(Path(folder), redis=False) as services:
        engine = database.engine(services.database_url, pool_size=1)
        database.upgrade(engine)
        yield engine
        engine.dispose()


def _fill(engine: Engine, count: int) -> datetime:
    """So many open cases, opened evenly over five days, with the clocks that they would have; the present moment."""
    now, policy = clock.now(), _policy()
    pattern = next(iter(apply(decide(_items(1), {}, policy), {}, {}, [1], policy, now).records.values()))
    granted, chance = DEFAULTS[Severity.SEV4], random.Random(7)
    for first in range(1, count + 1, _CHUNK):
        cases, planned = [], []
        for number in range(first, min(first + _CHUNK, count + 1)):
            posted = now - timedelta(seconds=chance.uniform(0, 5 * 86_400))
            cases.append(
                replace(pattern, number=number, state=CaseState.OPEN, posted_at=posted, opened_at=posted, sla=granted)
            )
            planned += [(number, _at(c, now)) for c in sla.plan(granted, ALWAYS, posted, posted)]
        with engine.begin() as connection:
            records.insert(connection, cases)
            clocks.write(connection, planned)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return now


def _at(planned: Clock, now: datetime) -> Clock:
    """The clock after all that fired until now."""
    while planned.fire_at is not None and planned.fire_at <= now:
        planned, _ = sla.fire(planned, ALWAYS, planned.fire_at)
    return planned


def _policy() -> Policy:
    rules = [{"name": f"r{n}", "when": {"authors": [f"vip{n}"], "channels": ["x"]}, "then": {}} for n in range(20)]
    return compile_policy(
        Settings(
            watchlists=[Watchlist(name="cloud", query="acme", importance="high")],
            rules=[Rule.model_validate(rule) for rule in rules],
        )
    )


def _items(count: int) -> list[Item]:
    """Posts by authors of their own, each worth a case."""
    assessment = Assessment(
        "en", Sentiment.NEGATIVE, -0.5, Urgency.HIGH, (Intent.COMPLAINT,), needs_reply=True, reasons=(), model="bench"
    )
    posts = mentions(count, clock.now())
    return [(MatchedMention(n, "bench", ("cloud",), False, post), assessment) for n, post in enumerate(posts, 1)]
