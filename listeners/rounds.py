"""Asks the parts of one API in turn, each when it is due.

Parts share a server and its limits, so one request at a time is enough. A part that fails is asked again after longer
and longer pauses, never before the server wants it, and the others go on. What only a person can mend – a credential
that is refused – ends the whole round with its FetchError: the worker tells it once and waits long.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch

LONGEST_PAUSE: Final = 900.0


class Part(Protocol):
    """One thing to ask an API for: a listing, a search.

    `every` is the pause between two looks in seconds; a part may change it with each look.
    """

    name: str
    every: float

    async def look(self) -> Batch:
        """What is new. Raises FetchError. `caught_up` False: look again at once."""
        ...


@dataclass(slots=True)
class _Turn:
    part: Part
    due: float = 0.0
    failures: int = 0


async def rounds(parts: Sequence[Part], jitter: Callable[[], float] = random.random) -> AsyncGenerator[Batch, None]:
    """What the parts give, for ever. Raises FetchError for what only a person can mend."""
    if not parts:
        raise FetchError("there is nothing to ask for", permanent=True)
    turns = [_Turn(part) for part in parts]
    while True:
        turn = min(turns, key=lambda one: one.due)
        await asyncio.sleep(max(0.0, turn.due - time.monotonic()))
        batch, wait = await _look(turn, jitter)
        turn.due = time.monotonic() + wait
        yield replace(batch, part=turn.part.name, next_at=clock.now() + timedelta(seconds=wait))


async def posts_now(parts: Iterable[Part]) -> int:
    """How many posts the parts have now: each is asked once. Raises FetchError."""
    batches = [await part.look() for part in parts]
    return sum(len(batch.mentions) for batch in batches)


async def _look(turn: _Turn, jitter: Callable[[], float]) -> tuple[Batch, float]:
    try:
        batch = await turn.part.look()
    except FetchError as error:
        if error.permanent:
            raise
        turn.failures += 1
        pause = min(LONGEST_PAUSE, turn.part.every * 2.0 ** min(turn.failures, 16)) * (0.75 + jitter() / 2)
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        return Batch((), None, error=str(error)), max(pause, asked)
    turn.failures = 0
    return batch, turn.part.every if batch.caught_up else 0.0
