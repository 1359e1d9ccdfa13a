"""Runs a source as the worker does: takes its batches one by one and keeps the cursors."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar, cast

from leitstand.settings import ListenerSettings
from listeners.contract import Batch, Listens

T = TypeVar("T")
PATIENCE = 60


class Hearing:
    """A running listener. `heard` are the ids of all mentions in their order, `errors` what went wrong by part."""

    def __init__(self, batches: AsyncGenerator[Batch, None], cursors: dict[str, str]) -> None:
        self._batches, self.cursors = batches, cursors
        self.heard: list[str] = []
        self.edited: list[str] = []
        self.deleted: list[str] = []
        self.errors: dict[str, str] = {}
        self.lost: list[str] = []

    async def next(self) -> Batch:
        async with asyncio.timeout(PATIENCE):
            batch = await anext(self._batches)
        if batch.cursor is not None:
            self.cursors[batch.part] = batch.cursor
        self.heard += [m.external_id for m in batch.mentions]
        self.edited += [m.external_id for m in batch.edits]
        self.deleted += [gone.external_id for gone in batch.deletes]
        self.lost += [batch.lost] if batch.lost else []
        if batch.error:
            self.errors[batch.part] = batch.error
        return batch

    async def until(self, right: Callable[[Batch], bool]) -> Batch:
        """The first batch for which this holds."""
        while not right(batch := await self.next()):
            pass
        return batch

    async def looks(self, number: int) -> None:
        for _ in range(number):
            await self.next()


def run(
    source: object,
    settings: ListenerSettings,
    do: Callable[[Hearing], Awaitable[T]],
    cursors: dict[str, str] | None = None,
) -> T:
    """Listen, do something with it, stop; `cursors` are read and kept."""

    async def go() -> T:
        async with hearing(source, settings, cursors) as one:
            return await do(one)

    return asyncio.run(go())


@asynccontextmanager
async def hearing(
    source: object, settings: ListenerSettings, cursors: dict[str, str] | None = None
) -> AsyncIterator[Hearing]:
    """The same for one of several that run together."""
    kept = {} if cursors is None else cursors
    batches = cast(Listens, source).listen("a-name", settings, dict(kept))
    async with aclosing(cast(AsyncGenerator[Batch, None], batches)) as running:
        yield Hearing(running, kept)
