"""Keeps running what is to run for ever: a fault that nobody foresaw costs a pause, and not the task.

A task that dies by itself does so unheard. Its exception is told to whoever awaits it, and nobody awaits what never
ends.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

log = structlog.get_logger()

FIRST_DELAY: Final = 0.2
LONGEST_DELAY: Final = 30.0
STEADY_AFTER: Final = 60.0  # seconds; what ran this long starts afresh


def delay(failures: int) -> float:
    """How long to wait after so many short runs in a row."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(max(failures - 1, 0), 16))


@dataclass
class _Runs:
    """The runs of one task so far."""

    task: str
    failures: int = 0
    began: float = field(default_factory=time.monotonic)

    def failed(self, error: BaseException) -> float:
        """Tell of a run that has failed; how long to wait for the next."""
        now = time.monotonic()
        self.failures = 1 if now - self.began >= STEADY_AFTER else self.failures + 1
        pause = delay(self.failures)
        log.error("task failed and is started again", task=self.task, again_in_s=pause, exc_info=error)
        self.began = now + pause
        return pause


async def keep(task: str, run: Callable[[], Awaitable[object]], stop: asyncio.Event | None = None) -> None:
    """Run it until it returns: again where it failed, after a pause that grows. No more once `stop` is set."""
    runs, stop = _Runs(task), stop or asyncio.Event()
    while True:
        try:
            await run()
        except asyncio.CancelledError as error:
            if (this := asyncio.current_task()) is None or this.cancelling():
                raise
            pause = runs.failed(error)  # something inside was cancelled, and not this
        except Exception as error:  # noqa: BLE001  told by `failed`
            pause = runs.failed(error)
        else:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
                return


def keep_in_thread(task: str, run: Callable[[], object], stop: threading.Event) -> None:
    """As `keep`, in a thread of the caller's."""
    runs = _Runs(task)
    while True:
        try:
            run()
        except Exception as error:  # noqa: BLE001  told by `failed`
            if stop.wait(runs.failed(error)):
                return
        else:
            return
