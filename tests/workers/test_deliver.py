"""A target whose task dies of a fault that nobody foresaw is taken up again, and the others notice nothing."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from structlog.testing import capture_logs
from structlog.typing import EventDict

from escalation_bridge import delivery, outbox
from escalation_bridge.targets import log as log_target
from leitstand import clock
from leitstand.settings import Settings
from monitoring.metrics import Metrics
from tests.escalation_bridge.words import notice
from workers import deliver

SETTINGS = Settings.model_validate({"targets": {name: {"kind": "log"} for name in ("steady", "shaky")}})
DELIVERED = text("SELECT target, count(*) AS sent FROM deliveries WHERE state = 'sent' GROUP BY target")


class UnforeseenError(Exception):
    """What nobody thought of."""


def fails_at_the_start(monkeypatch: pytest.MonkeyPatch, faults: list[Exception]) -> None:
    connect = log_target.connect

    def shaky(name: str, *more: object) -> object:
        if name == "shaky" and faults:
            raise faults.pop()
        return connect(name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(log_target, "connect", shaky)


def fails_on_the_way(monkeypatch: pytest.MonkeyPatch, faults: list[Exception]) -> None:
    wait = delivery._sleep_or_event

    async def shaky(event: asyncio.Event, seconds: float) -> None:
        task = asyncio.current_task()
        if task and task.get_name() == "shaky" and faults:
            raise faults.pop()
        await wait(event, seconds)

    monkeypatch.setattr(delivery, "_sleep_or_event", shaky)


def deliver_until(database: Engine, url: str, *steps: Callable[[], bool]) -> list[EventDict]:
    """What the role logs until one after the other was true and it is told to end."""

    async def scene() -> None:
        role: Awaitable[None] = asyncio.ensure_future(
            deliver.run(SETTINGS, database, url, Metrics(CollectorRegistry()))
        )
        deadline = time.monotonic() + 60
        for true in steps:
            while not await asyncio.to_thread(true):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        await role

    with capture_logs() as told:
        asyncio.run(scene())
    return told


@pytest.mark.parametrize("fails", [fails_at_the_start, fails_on_the_way])
def test_a_target_that_dies_is_taken_up_again_and_the_others_go_on(
    fails: Callable[[pytest.MonkeyPatch, list[Exception]], None],
    database: Engine,
    database_url_of_test: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults: list[Exception] = [UnforeseenError(), UnforeseenError()]
    fails(monkeypatch, faults)

    def failed_twice() -> bool:
        return not faults

    def notices_added() -> bool:
        with database.begin() as connection:
            outbox.add(connection, [notice(name, n) for name in ("steady", "shaky") for n in range(3)], clock.now())
        return True

    def all_delivered() -> bool:
        with database.connect() as connection:
            return {row.target: row.sent for row in connection.execute(DELIVERED)} == {"steady": 3, "shaky": 3}

    told = deliver_until(database, database_url_of_test, failed_twice, notices_added, all_delivered)
    failed = [one for one in told if "exc_info" in one]
    assert [(one["task"], type(one["exc_info"])) for one in failed] == [("deliver to shaky", UnforeseenError)] * 2


def test_it_ends_at_once_also_while_a_target_waits_to_be_taken_up_again(
    database: Engine, database_url_of_test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = asyncio.Event()

    def shaky(name: str, *_: object) -> object:
        died.set()
        raise UnforeseenError

    monkeypatch.setattr(log_target, "connect", shaky)
    monkeypatch.setattr("leitstand.keeping.FIRST_DELAY", 3600.0)
    monkeypatch.setattr("leitstand.keeping.LONGEST_DELAY", 3600.0)
    failed = [one for one in deliver_until(database, database_url_of_test, died.is_set) if "exc_info" in one]
    assert {one["task"] for one in failed} == {"deliver to steady", "deliver to shaky"}
