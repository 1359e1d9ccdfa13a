"""Runs delivery loops in a thread, so that a test can wait for what they do."""

import asyncio
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Engine

from escalation_bridge import delivery
from escalation_bridge.contract import Target, connect
from leitstand.settings import TargetSettings

WAIT = 60.0


class Watcher:
    """The loops' observer: everything told, in order."""

    def __init__(self) -> None:
        self.attempts: queue.Queue[tuple[str, str]] = queue.Queue()
        self.seconds: queue.Queue[tuple[str, float]] = queue.Queue()

    def attempted(self, target: str, outcome: str) -> None:
        self.attempts.put((target, outcome))

    def delivered(self, target: str, seconds_since_received: float) -> None:
        self.seconds.put((target, seconds_since_received))

    def next(self) -> tuple[str, str]:
        return self.attempts.get(timeout=WAIT)


class Running:
    """Loops under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wakes: dict[str, asyncio.Event], watcher: Watcher) -> None:
        self._loop, self._wakes, self.watcher = loop, wakes, watcher

    def wake(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self._wakes[name].set)


@contextmanager
def sending(
    engine: Engine,
    targets: Mapping[str, TargetSettings | tuple[Target, TargetSettings]],
    *,
    grace: timedelta = timedelta(seconds=5),
) -> Iterator[Running]:
    """The loops of these targets. At the end they are stopped, and any error of theirs is raised."""
    ready: queue.Queue[tuple[Running, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()
    errors: list[BaseException] = []

    async def run() -> None:
        wakes, stop, watcher = {name: asyncio.Event() for name in targets}, asyncio.Event(), Watcher()
        loop = asyncio.get_running_loop()
        ready.put((Running(loop, wakes, watcher), loop, stop))
        pairs = {n: t if isinstance(t, tuple) else (connect(n, t), t) for n, t in targets.items()}
        await asyncio.gather(
            *(delivery.run_target(n, t, s, engine, wakes[n], stop, watcher, grace=grace) for n, (t, s) in pairs.items())
        )

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 (raised again in the test's own thread)
            errors.append(error)

    thread = threading.Thread(target=main)
    thread.start()
    running, loop, stop = ready.get(timeout=WAIT)
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT * 2)
    assert not thread.is_alive(), "the loops did not stop"
    if errors:
        raise errors[0]
