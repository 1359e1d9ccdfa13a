"""Runs a source as the role `listen` does: everything committed to a real PostgreSQL, the cursor with it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import cast

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand.errors import FetchError, HookRefusedError
from leitstand.settings import ListenerSettings, Settings, Watchlist
from listeners import cursors, leases, store
from listeners.contract import Batch, Listens
from listeners.hooks import HookRequest, Receives
from listeners.leases import Lease
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics
from tests.triage.building import assessment
from triage import cases
from triage.policy import compile_policy
from workers.intake import Intake
from workers.queues import AssessQueue, connect
from workers.rechecking import listening

LIMIT = 60.0


class Ear:
    """One listener with its store. `batches` keeps what it yielded, `starts` how often it was started.

    `again`: it is told what is due to be looked up, as by the role. `leased`: gaps are written down. `restarts`: where
    it gives up for now, that is told and it is started again from what is stored, without the role's pause.
    """

    def __init__(self, database: Engine, redis_url: str, source: object, settings: ListenerSettings) -> None:
        self.source, self.settings, self.database = cast(Listens, source), settings, database
        watchlists = Watchlists(Settings(watchlists=[Watchlist(name="all", query="acme")]))
        self.intake = Intake(database, watchlists, AssessQueue(connect(redis_url)), Metrics(CollectorRegistry()))
        self.batches: list[Batch] = []
        self.starts = 0
        self.again = self.leased = self.restarts = False

    async def listen(self, until: Callable[[], bool], *, within: float = LIMIT, torn: bool = False) -> None:
        """Hear and commit until it is true, then stop as if killed: without a word to the source but its end.

        `torn`: killed between handing over and committing, so that one batch more is lost with the process.
        """
        async with asyncio.timeout(within):
            while not await self._listened(until, torn):
                pass

    async def _listened(self, until: Callable[[], bool], torn: bool) -> bool:
        try:
            await self._once(until, torn)
        except FetchError as error:
            if error.permanent or not self.restarts:
                raise
            self.batches.append(Batch((), None, error=str(error)))
            return False
        return True

    async def _once(self, until: Callable[[], bool], torn: bool) -> None:
        self.starts += 1
        heard = await asyncio.to_thread(self.cursors)
        lease = self._claimed() if self.leased else None
        told = listening(self.database, "ear", self.source, self.settings, heard) if self.again else None
        running = cast(AsyncGenerator[Batch, None], told or self.source.listen("ear", self.settings, heard))
        async with aclosing(running) as batches:
            while not until():
                batch = await anext(batches)
                self.batches.append(batch)
                await asyncio.to_thread(self.intake.take, "ear", batch, lease)
            if torn:
                await anext(batches)

    def called(self, request: HookRequest) -> int:
        """Take a call as the console does: commit, then answer. The status of the answer."""
        try:
            received = cast(Receives, self.source).receive(self.settings, request)
        except HookRefusedError as error:
            return error.status
        if received.batch:
            self.intake.take("ear", received.batch)
        return 422 if received.rejected and not received.batch else 200

    def _claimed(self) -> Lease | None:
        with self.database.begin() as connection:
            return leases.claim(connection, "ear", f"holder {self.starts}", dead=[f"holder {self.starts - 1}"])

    def cursors(self) -> dict[str, str]:
        """What is stored."""
        with self.database.connect() as connection:
            return cursors.cursors(connection, "ear")

    def start_from(self, part: str, cursor: str) -> None:
        """As if it had heard up to there."""
        with self.database.begin() as connection:
            now = connection.scalar(text("SELECT now()"))
            cursors.keep_cursor(connection, "ear", part, cursor, now)

    def words(self) -> dict[str, str]:
        """The stored text of each external id."""
        with self.database.connect() as connection:
            rows = connection.execute(text("SELECT external_id, text FROM mentions"))
            return {row.external_id: row.text for row in rows}

    def kept(self) -> list[str]:
        """The external ids that are stored, sorted."""
        return sorted(self.words())

    def count(self) -> int:
        """How many mentions are stored."""
        with self.database.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM mentions")) or 0)

    def open_cases(self, *external_ids: str) -> None:
        """Each of these stored posts gets a case; all are as if received two days ago."""
        with self.database.begin() as connection:
            connection.execute(text("UPDATE mentions SET received_at = received_at - interval '2 days'"))
            wanted = {"ids": list(external_ids)}
            ids = connection.scalars(text("SELECT id FROM mentions WHERE external_id = ANY(:ids)"), wanted).all()
            items = [(mention, assessment()) for mention in store.load(connection, ids)]
            cases.process(connection, items, compile_policy(Settings()), clock.now())

    def events(self, external_id: str) -> list[str]:
        """The kinds of events of a post's case."""
        asked = text(
            "SELECT e.kind FROM case_events e JOIN case_mentions c USING (case_number) JOIN mentions m"
            " ON m.id = c.mention_id WHERE m.external_id = :id ORDER BY e.id"
        )
        with self.database.connect() as connection:
            return list(connection.scalars(asked, {"id": external_id}))

    def errors(self) -> list[str]:
        """What was reported as wrong, in order, repetitions left out."""
        said = [batch.error for batch in self.batches if batch.error]
        return [error for index, error in enumerate(said) if not index or said[index - 1] != error]
