"""All feeds of one listener at once, each asked by a task of its own: one that trickles keeps no other waiting."""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

import structlog

from leitstand.keeping import keep
from listeners.contract import Batch
from listeners.feeds.memory import Memory
from listeners.feeds.polling import Poller, Round, Tools
from listeners.fetch import without_login
from listeners.memory import recall

log = structlog.get_logger()

AFTER_OUR_FAULT: Final = 600.0


class Chorus:
    """Feeds that are being listened to. `cursors` are what was remembered of them, by part.

    A feed's part is its address without a login. With `comments`, the feeds of comments that are found join in.
    """

    def __init__(self, tools: Tools, cursors: Mapping[str, str], *, comments: bool) -> None:
        self._tools, self._cursors, self._comments = tools, cursors, comments
        self._heard: asyncio.Queue[Batch] = asyncio.Queue(1)  # a feed's next look waits until its batch is taken
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def add(self, addresses: Iterable[str]) -> None:
        """Listen to these too, each once."""
        for address in addresses:
            part = without_login(address)
            if part not in self._tasks:
                poller = Poller(address, part, recall(self._cursors.get(part, ""), Memory), self._tools)
                kept = keep(f"feed {part}", partial(self._listen, poller))
                self._tasks[part] = asyncio.create_task(kept, name=part)

    async def next(self) -> Batch:
        """What one of them has brought; it goes on when this returns again."""
        return await self._heard.get()

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _listen(self, poller: Poller) -> None:
        told, wait = "", 0.0
        while True:
            await asyncio.sleep(wait)
            before = poller.memory
            try:
                found = await poller.look()
            except Exception as error:  # the outermost loop of one feed: the others go on
                log.exception("feed failed", feed=poller.part)
                poller.memory = before  # what it heard is not handed over
                words = f"internal error: {type(error).__name__}"
                found = Round(Batch((), None, poller.part, words), AFTER_OUR_FAULT)
            if found.batch.error not in ("", told):
                log.warning("feed not heard", feed=poller.part, reason=found.batch.error)
            told = found.batch.error
            await self._heard.put(found.batch)
            if self._comments and poller.memory.comments:
                self.add([poller.memory.comments])
            if found.wait is None:
                return
            wait = found.wait
