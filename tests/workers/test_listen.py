"""Listeners under leases: one process runs each, another takes over from the stored cursor, gaps are written down."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, create_engine, text
from structlog.testing import capture_logs

from leitstand import clock
from leitstand import database as leitstand_database
from leitstand.errors import FetchError
from leitstand.model import Mention
from leitstand.settings import ListenerSettings, Settings, Watchlist
from listeners import gaps, leases
from listeners.contract import Batch, Gone, Listens
from listeners.cursors import states
from listeners.sources import reddit
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from workers import calendars, leasing, listen
from workers.intake import Intake
from workers.leasing import Leases
from workers.listen import Crew
from workers.queues import AssessQueue, connect

SETTINGS = Settings(watchlists=[Watchlist(name="brand", query="acme")])
ENTRY = ListenerSettings(kind="counting")
HOUR = timedelta(hours=1)


def post(number: int, words: str = "acme") -> Mention:
    return Mention("x", str(number), f"{words} {number}", clock.now(), clock.now())


class Counting:
    """A source that yields the next number after its cursor whenever it is let. `running` counts those under way."""

    def __init__(self, until: int = 10**9) -> None:
        self.until, self.running, self.most = until, 0, 0

    async def listen(self, name: str, settings: ListenerSettings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            number = int(cursors.get("", "0"))
            while True:
                if number < self.until:
                    number += 1
                    yield Batch((post(number),), str(number))
                await asyncio.sleep(0.002)
        finally:
            self.running -= 1


class Scripted:
    """A source that yields what it is given, raises what is an error, and then stays silent."""

    def __init__(self, *script: Batch | Exception) -> None:
        self.script, self.starts, self.done = list(script), 0, threading.Event()

    async def listen(self, name: str, settings: ListenerSettings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        self.starts += 1
        while self.script:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            yield step
        self.done.set()
        await asyncio.Event().wait()


@pytest.fixture
def intake(database: Engine, redis_url: str) -> Iterator[Intake]:
    redis = connect(redis_url)
    yield Intake(database, Watchlists(SETTINGS), AssessQueue(redis), Metrics(CollectorRegistry()))
    redis.close()


def crew(intake: Intake, source: Listens, ttl: float = 60.0) -> Crew:
    return Crew({"one": (ENTRY, source)}, intake, Leases(intake.engine, ["one"], ttl=timedelta(seconds=ttl)))


def scalar(engine: Engine, sql: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(sql))


async def until(true: Callable[[], bool], crew: Crew | None = None) -> None:
    """Wait until it is true, tending the leases of `crew` meanwhile."""
    deadline = time.monotonic() + 60
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline
        if crew:
            await crew.tend()
        await asyncio.sleep(0.01)


def kept(intake: Intake) -> int:
    return int(str(scalar(intake.engine, "SELECT count(*) FROM mentions")))


def test_two_processes_never_run_one_listener_and_the_second_goes_on_where_the_first_stopped(intake: Intake) -> None:
    source = Counting()

    async def scene() -> None:
        first, second = crew(intake, source), crew(intake, source)
        await first.tend()
        await until(lambda: kept(intake) >= 5, second)
        assert not second.tasks
        await first.leave()
        before = kept(intake)
        await until(lambda: kept(intake) > before + 5, second)
        await second.leave()

    asyncio.run(scene())
    assert (source.running, source.most) == (0, 1)
    assert scalar(intake.engine, "SELECT count(*) = max(external_id::int) FROM mentions")
    assert scalar(intake.engine, "SELECT cursor::int = (SELECT count(*) FROM mentions) FROM listener_cursors")


def test_a_host_that_dies_is_taken_over_and_the_time_between_is_a_filled_gap(intake: Intake) -> None:
    async def scene() -> None:
        first, second = crew(intake, Counting(), ttl=1), crew(intake, Counting(), ttl=1)
        await first.tend()
        await until(lambda: kept(intake) >= 3)
        for task in first.tasks.values():  # as if its host lost power: nothing is released
            task.cancel()
        await asyncio.gather(*first.tasks.values(), return_exceptions=True)
        await until(lambda: bool(second.tasks), second)
        before = kept(intake)
        await until(lambda: kept(intake) > before + 1)
        await second.leave()
        first.thread.shutdown()

    asyncio.run(scene())
    with intake.engine.connect() as connection:
        [gap] = gaps.recent(connection, clock.now())
    assert gap.to_at and gap.filled_at and gap.why.endswith("ended")
    assert scalar(intake.engine, "SELECT count(*) = max(external_id::int) FROM mentions")


def test_who_was_cut_off_cannot_commit_what_is_anothers_now(intake: Intake) -> None:
    """The first is alive but could not renew: the commit itself finds out."""

    async def scene() -> None:
        first = crew(intake, source := Counting(), ttl=60)
        await first.tend()
        await until(lambda: kept(intake) >= 3)
        with intake.engine.begin() as connection:
            assert leases.claim(connection, "one", "another", dead=(first.leases.holder,))
        await until(lambda: source.running == 0)
        before = kept(intake)
        await first.tend()
        assert (first.tasks, first.leases.held, kept(intake)) == ({}, {}, before)
        await first.leave()

    asyncio.run(scene())


def test_without_postgresql_a_listener_is_given_up_before_another_may_have_it(intake: Intake) -> None:
    async def scene() -> None:
        alone = crew(intake, source := Counting(), ttl=60)
        await alone.tend()
        await until(lambda: source.running == 1)
        alone.leases.engine = broken()
        await alone.tend()
        assert alone.tasks
        alone.leases.renewed_at -= 60
        await alone.tend()
        assert (alone.tasks, source.running) == ({}, 0)
        await alone.leave()

    asyncio.run(scene())


def test_a_listener_outlives_a_moment_in_which_all_connections_are_taken(intake: Intake, database: Engine) -> None:
    source = Scripted(Batch((post(1),), "1"))
    narrow = create_engine(database.url, pool_size=1, max_overflow=0, pool_timeout=0.01)

    async def scene() -> None:
        alone = crew(replace(intake, engine=narrow), source)
        alone.leases.engine = database
        with narrow.connect():
            await alone.tend()
            await until(lambda: any(log["event"] == "listener's state not stored" for log in logs))
        await until(lambda: kept(intake) == 1, alone)
        await alone.leave()

    with capture_logs() as logs:
        asyncio.run(scene())
    narrow.dispose()
    assert kept(intake) == 1


def test_a_listener_that_ended_by_a_fault_of_ours_is_started_again(intake: Intake) -> None:
    source = Counting()

    async def scene() -> None:
        alone = crew(intake, source)
        await alone.tend()
        await until(lambda: kept(intake) >= 1)
        alone.tasks["one"].cancel()
        await asyncio.wait(alone.tasks.values())
        before = kept(intake)
        await until(lambda: kept(intake) > before, alone)
        await alone.leave()

    asyncio.run(scene())
    assert source.most == 1


def test_a_fault_that_nobody_foresaw_costs_a_listener_a_moment(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    source, faults = Scripted(FetchError("away"), Batch((post(1),), "1")), [KeyError("unforeseen")]
    report = listen._report

    def shaky(*told: object) -> None:
        if faults:
            raise faults.pop()
        report(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(listen, "_report", shaky)

    async def scene() -> None:
        alone = crew(intake, source)
        await alone.tend()
        await asyncio.to_thread(source.done.wait, 60)
        await alone.leave()

    with capture_logs() as logs:
        asyncio.run(scene())
    assert kept(intake) == 1
    assert [one["task"] for one in logs if isinstance(one.get("exc_info"), KeyError)] == ["listen to one"]


def test_a_fault_in_fetching_calendars_costs_them_a_moment(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    faults, looked = [KeyError("unforeseen")], asyncio.Event()
    rotas = Settings.model_validate({"rotas": {"desk": {"ical_url": "https://calendar.example/x.ics"}}})

    async def shaky(*_: object) -> None:
        if faults:
            raise faults.pop()
        looked.set()

    monkeypatch.setattr(calendars, "look", shaky)

    async def scene() -> None:
        role = asyncio.ensure_future(listen.run(rotas, intake))
        async with asyncio.timeout(60):
            await looked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await role

    asyncio.run(scene())


def broken() -> Engine:
    return leitstand_database.engine("postgresql://nobody@127.0.0.1:1/none", pool_size=1)


def test_a_process_of_this_host_that_is_dead_is_known_to_be(intake: Intake) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from workers.leasing import new_holder; print(new_holder())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    dead = told.stdout.strip()
    assert leasing.is_dead(dead)
    assert not leasing.is_dead(leasing.new_holder())
    assert not leasing.is_dead("another/boot/pid:[1] 7 1.00 ab")
    assert not leasing.is_dead("nonsense")
    with intake.engine.begin() as connection:
        leases.claim(connection, "one", dead)
    mine = Leases(intake.engine, ["one"])
    assert mine.turn() == ()
    assert mine.held["one"].term == 2
    with intake.engine.connect() as connection:
        [gap] = gaps.recent(connection, clock.now())
    assert gap.why.startswith("its process on ")


def run_script(intake: Intake, source: Scripted) -> None:
    async def scene() -> None:
        alone = crew(intake, source)
        await alone.tend()
        await until(source.done.is_set)
        await alone.leave()

    asyncio.run(scene())


def test_a_failure_begins_a_gap_and_a_good_batch_ends_it_and_counts_its_seconds(intake: Intake) -> None:
    error = FetchError("the host does not answer")
    run_script(intake, Scripted(Batch((), "1"), error, Batch((), "2", caught_up=False), Batch((), "3")))
    with intake.engine.connect() as connection:
        [gap] = gaps.recent(connection, clock.now())
        [state] = states(connection)
    assert (gap.why, gap.part) == ("the host does not answer", "")
    assert gap.to_at and gap.filled_at and gap.to_at < gap.filled_at
    assert state.last_success_at and state.last_success_at >= gap.to_at
    counted = intake.metrics.listener_gap.labels("one")._value.get()
    assert counted == pytest.approx(gap.length(clock.now()).total_seconds(), abs=0.5) and counted > 0.5


def test_a_bad_post_among_good_ones_is_no_gap(intake: Intake) -> None:
    run_script(intake, Scripted(Batch((post(1),), "1", error="line 2 cannot be read"), Batch((), "2", part="a")))
    with intake.engine.connect() as connection:
        assert gaps.recent(connection, clock.now()) == []


def test_an_edit_and_a_delete_change_what_is_stored_and_an_unknown_edit_is_new(intake: Intake) -> None:
    batches = [
        Batch((post(1), post(2)), "1", edits=(post(1, "acme edited"), post(3, "acme late"), post(4, "rain"))),
        Batch((), "2", deletes=(Gone("x", "2"),)),
    ]
    run_script(intake, Scripted(*batches))
    with intake.engine.connect() as connection:
        rows = connection.execute(text("SELECT external_id, text FROM mentions ORDER BY 1")).all()
    assert [tuple(row) for row in rows] == [("1", "acme edited 1"), ("2", ""), ("3", "acme late 3")]


def test_parts_that_are_configured_no_more_are_forgotten_with_their_gaps(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_script(
        intake, Scripted(Batch((), "1", "kept"), Batch((), None, "dropped", "HTTP 410"), Batch((), "1", "quiet"))
    )
    monkeypatch.setattr(leasing, "SETTLED", timedelta(0))
    later = Batch((), "2", "kept")

    async def scene() -> None:
        alone = crew(intake, source := Scripted(later))
        await alone.tend()
        await until(source.done.is_set)
        await alone.tend()
        await alone.leave()

    asyncio.run(scene())
    with intake.engine.connect() as connection:
        assert [state.part for state in states(connection)] == ["kept"]
        found = gaps.recent(connection, clock.now())
    dropped = next(gap for gap in found if gap.part == "dropped")
    assert dropped.to_at and dropped.lost == "no longer listened to"
    assert all(gap.filled_at for gap in found if not gap.part)


def test_what_only_a_person_can_mend_is_tried_seldom_and_what_was_asked_for_is_kept() -> None:
    assert listen.pause_after(1, jitter=lambda: 1.0) == 2
    assert listen.pause_after(30, jitter=lambda: 1.0) == 300
    assert listen.pause_after(1, FetchError("401", permanent=True)) == 3600
    assert listen.pause_after(1, FetchError("429", retry_after=timedelta(seconds=77))) == 77


def test_a_bad_credential_is_reported_once_and_not_tried_again(intake: Intake) -> None:
    source = Scripted(FetchError("401: the token is not valid", permanent=True))

    async def scene() -> None:
        alone = crew(intake, source)
        await alone.tend()
        await until(lambda: scalar(intake.engine, "SELECT count(*) FROM listener_status") == 1)
        await alone.leave()

    asyncio.run(scene())
    with intake.engine.connect() as connection:
        assert states(connection)[0].error == "401: the token is not valid"
    assert source.starts == 1


def test_what_another_has_claimed_in_between_is_not_held(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Leases(intake.engine, ["one"], ttl=HOUR), Leases(intake.engine, ["one"], ttl=HOUR)
    first.turn()
    with monkeypatch.context() as patched:
        patched.setattr(leases, "free", lambda _, names: (list(names), {}))  # what was true a moment ago
        second.turn()
    assert (list(first.held), second.held) == (["one"], {})


def test_a_source_whose_network_filters_is_told_the_watchlists() -> None:
    secrets = {"client_id": "id", "client_secret": "s" * 20, "user_agent": "test/1"}
    filtering = reddit.Settings.model_validate({"kind": "reddit", "search_watchlists": True, **secrets})
    deaf = reddit.Settings.model_validate({"kind": "reddit", "search_watchlists": True, "enabled": False, **secrets})
    found = listen.sources(SETTINGS.model_copy(update={"listeners": {"r": filtering, "off": deaf}}))
    assert list(found) == ["r"] and "acme" in getattr(found["r"][0], "searches")[0]  # noqa: B009  of its kind alone
