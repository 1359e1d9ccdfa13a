"""Fakes that live in an event loop, for worlds: the loop runs in a thread of its own until the end of the block."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
WAIT = 60


@dataclass
class Looped(Generic[T]):
    """A fake in another thread: `do` and `wait` touch it where it lives."""

    fake: T
    loop: asyncio.AbstractEventLoop

    def do(self, act: Callable[[], R]) -> R:
        """Call it there."""

        async def once() -> R:
            return act()

        return self.wait(once())

    def wait(self, running: Coroutine[Any, Any, R]) -> R:
        """Await it there."""
        return asyncio.run_coroutine_threadsafe(running, self.loop).result(WAIT)


async def _nobody_left() -> None:
    """Whoever still waits for something does so in vain."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def looped(server: AbstractAsyncContextManager[T]) -> Iterator[Looped[T]]:
    """Run a server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        fake = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(WAIT)
        try:
            yield Looped(fake, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(WAIT)
            asyncio.run_coroutine_threadsafe(_nobody_left(), loop).result(WAIT)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT)
        loop.close()
