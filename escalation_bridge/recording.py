"""Records what a target took: one transaction for all that was taken while the one before it was written.

A notice that is taken alone is recorded at once. Where several are taken in the same moment, a commit each would be a
third of what they cost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from escalation_bridge.outbox import Taken
from leitstand.database import is_of_data

Write = Callable[[Sequence[Taken]], Awaitable[dict[int, bool]]]
_Waiting = tuple[Taken, "asyncio.Future[bool | None]"]


class Recorder:
    """The records of one sender. `write` says of each delivery that was still the sender's whether more may wait."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, taken: Taken) -> bool | None:
        """Record one: whether there may be more to send now, None if it was no longer this sender's."""
        recorded: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((taken, recorded))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        return await recorded

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._settle(batch)

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        try:
            written = await self._write([taken for taken, _ in batch])
        except Exception as error:  # noqa: BLE001  each is told by whoever waits for it
            if len(batch) > 1 and is_of_data(error):
                for one in batch:  # what one of them has must not keep the others
                    await self._settle([one])
                return
            for _, recorded in batch:
                if not recorded.done():  # its sender was stopped
                    recorded.set_exception(error)
            return
        for taken, recorded in batch:
            if not recorded.done():
                recorded.set_result(written.get(taken.delivery.id))
