"""What runs for ever outlives its faults, and each is told with its traceback."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from leitstand import keeping
from leitstand.keeping import keep, keep_in_thread


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST_DELAY", 0.001)


class Failing:
    """Fails so often, then returns."""

    def __init__(self, *faults: BaseException) -> None:
        self.faults, self.runs, self.ran = list(faults), 0, asyncio.Event()

    def once(self) -> None:
        self.runs += 1
        if self.faults:
            raise self.faults.pop(0)

    async def run(self) -> None:
        self.ran.set()
        self.once()


def by_a_task(failing: Failing) -> None:
    asyncio.run(keep("the task", failing.run))


def by_a_thread(failing: Failing) -> None:
    thread = threading.Thread(target=keep_in_thread, args=("the task", failing.once, threading.Event()))
    thread.start()
    thread.join()


@pytest.mark.parametrize("go", [by_a_task, by_a_thread])
def test_what_fails_is_started_again_after_a_growing_pause_until_it_returns(go: Callable[[Failing], None]) -> None:
    failing = Failing(KeyError("a"), RecursionError("b"), MemoryError("c"))
    with capture_logs() as told:
        go(failing)
    assert failing.runs == 4
    assert [(one["task"], one["log_level"], type(one["exc_info"])) for one in told] == [
        ("the task", "error", KeyError),
        ("the task", "error", RecursionError),
        ("the task", "error", MemoryError),
    ]
    assert [one["again_in_s"] for one in told] == [0.001, 0.002, 0.004]


def test_what_ran_long_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "STEADY_AFTER", 0.0)
    with capture_logs() as told:
        by_a_task(Failing(KeyError(), KeyError(), KeyError()))
    assert [one["again_in_s"] for one in told] == [0.001] * 3


def test_a_cancellation_from_within_is_a_fault_and_one_from_outside_is_the_end() -> None:
    inner = Failing(asyncio.CancelledError())

    async def scene() -> None:
        await keep("inner", inner.run)
        begun = asyncio.Event()

        async def wait() -> None:
            begun.set()
            await asyncio.Event().wait()

        outer = asyncio.create_task(keep("outer", wait))
        await begun.wait()
        outer.cancel()
        await asyncio.wait({outer})
        assert outer.cancelled()

    with capture_logs() as told:
        asyncio.run(scene())
    assert inner.runs == 2 and [one["task"] for one in told] == ["inner"]


def test_nothing_is_started_again_once_it_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(keeping, "LONGEST_DELAY", 3600.0)
    failing, stop = Failing(*(KeyError() for _ in range(9))), threading.Event()

    async def scene() -> None:
        ending = asyncio.Event()
        kept = asyncio.create_task(keep("the task", failing.run, ending))
        await failing.ran.wait()
        ending.set()
        await kept

    asyncio.run(scene())
    stop.set()
    keep_in_thread("the task", failing.once, stop)
    assert failing.runs == 2
