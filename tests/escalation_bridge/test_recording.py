"""What is taken while a record is being written is recorded together, and each is told what became of its own."""

import asyncio
from collections.abc import Sequence

import pytest
from psycopg.errors import ProgramLimitExceeded
from sqlalchemy.exc import OperationalError

from escalation_bridge.outbox import Taken
from escalation_bridge.recording import Recorder
from leitstand.model import Receipt
from tests.escalation_bridge.words import NOW, delivery

FIRST, BAD, PASSED_ON = 1, 13, 99


def taken(number: int) -> Taken:
    return Taken(delivery(id=number), Receipt(), NOW)


class Book:
    """Where it is written. The first record waits until the others have come."""

    def __init__(self, wait_for: int = 0, fault: Exception | None = None) -> None:
        self.written: list[list[int]] = []
        self.come, self._wait_for, self._fault = 0, wait_for, fault
        self.begun, self._all = asyncio.Event(), asyncio.Event()
        self._recorder = Recorder(self._write)

    async def record(self, number: int) -> bool | None:
        self.come += 1
        if self.come >= self._wait_for:
            self._all.set()
        return await self._recorder.record(taken(number))

    async def _write(self, batch: Sequence[Taken]) -> dict[int, bool]:
        ids = [one.delivery.id for one in batch]
        self.written.append(ids)
        self.begun.set()
        await self._all.wait()
        if self._fault is not None and BAD in ids:
            raise self._fault
        return {number: number % 2 == 0 for number in ids if number != PASSED_ON}


def test_those_taken_while_one_is_written_are_one_record() -> None:
    async def run() -> tuple[list[list[int]], list[bool | None]]:
        book = Book(wait_for=4)
        first = asyncio.create_task(book.record(FIRST))
        await book.begun.wait()
        more = await asyncio.gather(*(book.record(number) for number in (2, 3, PASSED_ON)))
        return book.written, [await first, *more, await book.record(4)]

    assert asyncio.run(run()) == ([[FIRST], [2, 3, PASSED_ON], [4]], [False, True, False, None, True])


@pytest.mark.parametrize(
    ("fault", "faults"),
    [
        (ValueError("cannot be written"), [BAD]),
        (OperationalError(None, None, ProgramLimitExceeded()), [BAD]),
        (OperationalError(None, None, Exception("gone")), [BAD, 2, 3]),
    ],
    ids=["its own", "beyond a limit", "the database's"],
)
def test_what_one_cannot_have_written_keeps_no_other(fault: Exception, faults: list[int]) -> None:
    async def run() -> list[bool | BaseException | None]:
        book = Book(wait_for=4, fault=fault)
        first = asyncio.create_task(book.record(FIRST))
        await book.begun.wait()
        rest = await asyncio.gather(*(book.record(number) for number in (BAD, 2, 3)), return_exceptions=True)
        return [await first, *rest]

    first, *rest = asyncio.run(run())
    assert first is False
    assert [number for number, one in zip((BAD, 2, 3), rest, strict=True) if one is fault] == faults


def test_one_whose_sender_was_stopped_is_written_all_the_same() -> None:
    async def run() -> list[list[int]]:
        book = Book(wait_for=2)
        stopped = asyncio.create_task(book.record(FIRST))
        await book.begun.wait()
        stopped.cancel()
        assert await book.record(2) is True
        return book.written

    assert asyncio.run(run()) == [[FIRST], [2]]
