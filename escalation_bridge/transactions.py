"""One sender's way to the database: each piece of work is one transaction, in a thread.

The threads are its own because the default ones also resolve names, and one target's dead resolver would take all.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")

_THREADS = 2


class Transactions:
    """Runs work in transactions."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._threads = engine, ThreadPoolExecutor(_THREADS, thread_name_prefix=f"deliver-{name}")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do it and commit, unless it raises."""

        def in_transaction() -> T:
            with self._engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, in_transaction)

    def close(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False)
