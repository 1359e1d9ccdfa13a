"""The whole line through real processes: the API's answer to the last assessed mention, and from post to notice."""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import psutil
from sqlalchemy import text

from bench.house import House, house
from bench.posts import chunks, forms, mentions
from bench.report import Figure
from console.receiver import Received
from leitstand import clock, database
from leitstand.settings import Rule, Settings, Watchlist
from listeners import store
from listeners.watchlists import Watchlists
from nlp import pipeline
from nlp import store as assessments
from triage import cases
from triage.policy import compile_policy
from workers.child_states import read_child_states
from workers.embedded import embedded_services

RUNS = 3
MENTIONS, CHUNK, SENDERS, THIRDS = 30_000, 500, 2, 3
NAIVE = 400
RATE, SECONDS, SEV1_EVERY = 100, 40, 10
CLOCKS, SPREAD = 10_000, 60


@dataclass(frozen=True, slots=True)
class _Through:
    """One run of the whole line: seconds until all were accepted, and handled; memory of the roles before, and after
    each third; the seconds of processor time that each process took for it."""

    accepted: float
    handled: float
    sizes: list[dict[str, float]]
    processor: dict[str, float]


def throughput() -> list[Figure]:
    """Mentions a second, sustained, with every mention a case; then the naive way: one at a time, one commit each."""
    runs = sorted((_through() for _ in range(RUNS)), key=lambda run: run.handled)
    median, slow = runs[RUNS // 2], naive()
    rate = MENTIONS / median.handled
    names = sorted(set.intersection(*map(set, median.sizes)))
    grown = ", ".join(f"{name} {'→'.join(f'{size[name]:.0f}' for size in median.sizes)}" for name in names)
    spread = f"{MENTIONS / runs[-1].handled:,.0f}–{MENTIONS / runs[0].handled:,.0f} in {RUNS} runs"
    return [
        Figure(
            f"whole line: API → committed → assessed → triaged → outbox, {MENTIONS:,} mentions, each its own case",
            f"{rate:,.0f} mentions/s ({MENTIONS / median.accepted:,.0f}/s accepted; {spread})",
            "≥ 3,000",
            f"{slow:,.0f}/s one at a time with a commit each (ours {rate / slow:,.0f}×)",
        ),
        Figure("memory before that run and after each third of it, PSS in MB", grown, "flat from the first third on"),
        Figure("processor time a mention in that run, µs: whatever else the machine does", _by_process(median), ""),
    ]


def _by_process(run: _Through) -> str:
    each = {name: seconds / MENTIONS * 1e6 for name, seconds in run.processor.items()}
    told = sorted(each.items(), key=lambda pair: -pair[1])
    return f"{sum(each.values()):,.0f} ({', '.join(f'{name} {took:.0f}' for name, took in told if took >= 1)})"


def _through() -> _Through:
    with house(lambda _: None, workers=2) as running:
        rows = [msgspec.json.encode({"mentions": rows}) for rows in chunks(forms(MENTIONS, clock.now(), "t"), CHUNK)]
        sizes = [memory(running)]
        before, started = processor(running), time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            for answer in pool.map(lambda body: running.daemon.post("/api/v1/mentions", body), rows):
                answer.raise_for_status()
        accepted = time.perf_counter() - started
        for third in range(1, THIRDS + 1):
            wait_for(running, MENTIONS - MENTIONS * third // THIRDS)
            handled = time.perf_counter() - started
            sizes.append(memory(running))
        took = {name: now - before.get(name, 0.0) for name, now in processor(running).items()}
        return _Through(accepted, handled, sizes, took)


def naive() -> float:
    """Mentions a second of the same stages, called one mention at a time."""
    settings = Settings(
        watchlists=[Watchlist(name="cloud", query="acme", importance="high")],
        rules=[Rule.model_validate({"name": "all", "when": {}, "then": {"case": "open"}})],
    )
    policy, watchlists, assessor = compile_policy(settings), Watchlists(settings), pipeline.load()
    posts = mentions(NAIVE, clock.now())
    with tempfile.TemporaryDirectory() as folder, embedded_services(Path(folder), redis=False) as services:
        engine = database.engine(services.database_url)
        database.upgrade(engine)
        started = time.perf_counter()
        for post in posts:
            with engine.begin() as connection:
                ids = store.store(connection, "naive", [post], watchlists, now=clock.now()).new_ids
            with engine.begin() as connection:
                for matched in store.load(connection, ids):
                    (assessment,) = assessor.assess([matched.mention])
                    assessments.store(connection, [(matched.id, assessment)], clock.now())
                    cases.process(connection, [(matched, assessment)], policy, clock.now())
        took = time.perf_counter() - started
        engine.dispose()
    return NAIVE / took


@dataclass(frozen=True, slots=True)
class _Late:
    """One run at a steady rate: seconds from post to notice, sorted, how many were wanted, the memory at rest.

    `ready` is how many seconds after its start, on an empty folder, the daemon answered.
    """

    took: list[float]
    wanted: int
    idle: dict[str, float]
    ready: float

    @property
    def p50(self) -> float:
        return statistics.median(self.took)

    @property
    def p99(self) -> float:
        return self.took[int(len(self.took) * 0.99)]


def latency() -> list[Figure]:
    """From sending a post to its verified Sev1 notice, single posts at a steady rate."""
    runs = [_late() for _ in range(RUNS)]
    p50, p99 = (statistics.median(found) for found in ([run.p50 for run in runs], [run.p99 for run in runs]))
    arrived, wanted = sum(len(run.took) for run in runs), sum(run.wanted for run in runs)
    spread = f"p99 {min(run.p99 for run in runs) * 1000:.0f}–{max(run.p99 for run in runs) * 1000:.0f} in {RUNS} runs"
    idle = sorted(runs, key=lambda run: sum(run.idle.values()))[RUNS // 2].idle
    ready = statistics.median(run.ready for run in runs)
    return [
        Figure(
            f"post sent → Sev1 notice verified by its receiver, {RATE} single posts/s for {SECONDS} s",
            f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms ({arrived} of {wanted} notices; {spread})",
            "p50 ≤ 150 ms, p99 ≤ 1 s",
        ),
        Figure(
            "idle daemon, PSS in MB: " + ", ".join(f"{name} {size:.0f}" for name, size in sorted(idle.items())),
            f"{sum(idle.values()):.0f} MB in all, ready {ready:.1f} s after its first start",
            "≤ 600 MB, ≤ 5 s",
        ),
    ]


def _late() -> _Late:
    sent: dict[str, float] = {}
    arrived: dict[str, float] = {}

    def told(notice: Received) -> None:
        arrived[notice.body["data"]["case"]["author"]["id"]] = time.perf_counter()

    with house(told, workers=1) as running:
        idle = memory(running)

        def send(number: int) -> None:
            urgent = number % SEV1_EVERY == 0
            words = "acme: data breach, my account was hacked right now" if urgent else "acme: guten Morgen zusammen"
            body = {
                "channel": "x",
                "external_id": f"l{number}",
                "text": f"{words} {number}",
                "author": {"id": f"l{number}"},
            }
            if urgent:
                sent[f"l{number}"] = time.perf_counter()
            running.daemon.post("/api/v1/mentions", msgspec.json.encode(body)).raise_for_status()

        pause, started = threading.Event(), time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            for number in range(RATE * SECONDS):
                pause.wait(max(0.0, started + number / RATE - time.perf_counter()))
                pool.submit(send, number)
        wait_for(running)
        running.daemon.wait_handled(30)
    took = sorted(arrived[key] - sent[key] for key in sent if key in arrived)
    return _Late(took, len(sent), idle, running.ready_after)


def clocks() -> list[Figure]:
    """How late clocks fire: many open cases, each with one clock, all of which fall due within one minute."""
    runs = [_fired() for _ in range(RUNS)]
    p50, p99, count = (statistics.median(column) for column in zip(*runs, strict=True))
    spread = f"p99 {min(run[1] for run in runs) * 1000:.0f}–{max(run[1] for run in runs) * 1000:.0f} in {RUNS} runs"
    return [
        Figure(
            f"SLA clock fires after its due time, {CLOCKS:,} open cases ({count:,.0f} breaches within a minute)",
            f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms ({spread})",
            "p99 ≤ 1 s",
        )
    ]


def _fired() -> tuple[float, float, int]:
    """Seconds from due to fired: p50, p99, and how many fired."""
    budget = SPREAD + 50
    sla = f'[[sla]]\nfirst_response = "{budget}s"\nwarn_at = []\n'
    with house(lambda _: None, workers=2, sla=sla) as running:
        for rows in chunks(forms(CLOCKS, clock.now(), "c"), CHUNK):
            now = clock.now()
            ages = [timedelta(seconds=SPREAD * place / len(rows)) for place in range(len(rows))]
            spread = [{**row, "created_at": now - age} for row, age in zip(rows, ages, strict=True)]
            body = msgspec.json.encode({"mentions": spread})
            running.daemon.post("/api/v1/mentions", body).raise_for_status()
        wait_for(running)
        deadline, pause = time.monotonic() + budget + 30, threading.Event()
        while (
            scalar(running, "SELECT count(*) FROM sla_clocks WHERE state = 'running'") and time.monotonic() < deadline
        ):
            pause.wait(0.5)
        return percentiles(running)


def percentiles(running: House) -> tuple[float, float, int]:
    """Seconds from due to fired: p50, p99, how many."""
    sql = text(
        "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP "
        "(ORDER BY extract(epoch FROM (e->>0)::timestamptz - due_at)), count(*)"
        " FROM sla_clocks, jsonb_array_elements(history) AS e WHERE e->>1 = 'breached'"
    )
    with running.engine.connect() as connection:
        found, count = connection.execute(sql).one()
    return float(found[0]), float(found[1]), int(count)


def wait_for(running: House, waiting: int = 0) -> None:
    """Until no more than so many mentions wait to be assessed. To count those that are would be a part of the run."""
    pause, deadline = threading.Event(), time.monotonic() + 300
    while scalar(running, "SELECT count(*) FROM pending_mentions") > waiting:
        if time.monotonic() > deadline:
            raise SystemExit(f"not all mentions were assessed; see {running.daemon.log}")
        pause.wait(0.2)


def scalar(running: House, sql: str) -> int:
    """One number from the daemon's database."""
    with running.engine.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def memory(running: House) -> dict[str, float]:
    """PSS in MB of each role, its children counted in."""
    return {name: sum(one.memory_full_info().pss for one in family) / 1e6 for name, family in _families(running)}


def processor(running: House) -> dict[str, float]:
    """Seconds of processor time that each role has taken, its children counted in, those that are over too."""
    return {name: sum(_took(one) for one in family) for name, family in _families(running)}


def _took(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:4]))  # its own, and that of children that it has waited for


def _families(running: House) -> Iterator[tuple[str, list[psutil.Process]]]:
    yield "supervisor", [psutil.Process(running.daemon.process.pid)]
    for state in read_child_states(running.data_dir):
        if state.pid:
            process = psutil.Process(state.pid)
            yield state.name, [process, *process.children(recursive=True)]
