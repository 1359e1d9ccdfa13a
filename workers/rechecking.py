"""Tells a source which posts to look up again: those of open cases, when they were not looked at for long enough."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Engine

from leitstand import clock
from leitstand.settings import ListenerSettings
from listeners import rechecks
from listeners.contract import Batch, Kept, Listens, Rechecks
from triage import watched


def listening(
    engine: Engine, name: str, source: Listens, settings: ListenerSettings, cursors: Mapping[str, str]
) -> AsyncIterator[Batch]:
    """The source's batches; it is handed what is due if it can look posts up again."""
    if not isinstance(source, Rechecks) or not (every := source.recheck_every(settings)):
        return source.listen(name, settings, cursors)

    async def due(most: int) -> Sequence[Kept]:
        return await asyncio.to_thread(_due, engine, name, every, most)

    return source.listen(name, settings, cursors, due)


def _due(engine: Engine, name: str, every: timedelta, most: int) -> list[Kept]:
    with engine.connect() as connection:
        return rechecks.due(connection, name, watched.mentions(connection), clock.now() - every, most)
