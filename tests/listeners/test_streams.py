"""What every stream needs: the pump, several together, pauses, the watch on the volume."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.streams import Backoff, Pump, StreamEndedError, Volume, together


async def numbers(until: int, error: Exception | None = None) -> AsyncIterator[int]:
    for number in range(until):
        yield number
        await asyncio.sleep(0)
    if error:
        raise error


def test_all_that_was_read_is_handed_out_before_the_end_is_told() -> None:
    async def scene() -> list[int]:
        got: list[int] = []
        async with Pump(numbers(100, ValueError("the line broke")), room=7) as pump:
            with pytest.raises(ValueError, match="the line broke"):
                while True:
                    got += await pump.some(5, linger=0)
        return got

    assert asyncio.run(scene()) == list(range(100))


def test_a_clean_end_is_told_and_silence_gives_nothing() -> None:
    async def scene() -> None:
        async with Pump(numbers(0)) as pump:
            with pytest.raises(StreamEndedError):
                await pump.some(5)
        silent: AsyncIterator[int] = never()
        async with Pump(silent) as pump:
            assert await pump.some(5, wait=0.01) == []

    asyncio.run(scene())


async def never() -> AsyncIterator[int]:
    await asyncio.Event().wait()
    yield 0


async def part(name: str, count: int) -> AsyncGenerator[str, None]:
    for number in range(count):
        yield f"{name}{number}"
        await asyncio.sleep(0)


async def turn(times: int) -> None:
    """Let the others go on."""
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(8))
def test_who_is_cancelled_in_the_moment_in_which_something_comes_is_cancelled(turns: int) -> None:
    """asyncio.wait_for of Python 3.11 forgets it then: a listener that was stopped would have gone on for ever."""

    async def go() -> bool:
        come = asyncio.Event()

        async def items() -> AsyncIterator[int]:
            await come.wait()
            yield 1
            await asyncio.Event().wait()

        async with Pump(items()) as pump:
            waiting = asyncio.ensure_future(pump.some(10, linger=60))
            await turn(5)
            come.set()
            await turn(turns)
            waiting.cancel()
            await turn(5)
            return waiting.cancelled()

    assert asyncio.run(go())


@pytest.mark.parametrize("turns", range(8))
def test_who_is_cancelled_while_the_reader_ends_is_cancelled(turns: int) -> None:
    async def items() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            await turn(4)

    async def reads() -> None:
        async with Pump(items()):
            await turn(2)
        await asyncio.Event().wait()  # who has not heard that it is to end does not end

    async def go() -> bool:
        reading = asyncio.ensure_future(reads())
        await turn(2 + turns)
        reading.cancel()
        await turn(10)
        return reading.cancelled()

    assert asyncio.run(go())


def test_no_wait_is_left_behind_by_who_hears_several_together() -> None:
    async def scene() -> set[str]:
        before = asyncio.all_tasks()
        listening = asyncio.ensure_future(anext(together([part("a", 0), waits()])))
        await turn(3)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return {str(task) for task in asyncio.all_tasks() - before}

    async def waits() -> AsyncGenerator[str, None]:
        await asyncio.Event().wait()
        yield "never"

    assert asyncio.run(scene()) == set()


def test_several_are_heard_together_each_in_its_order() -> None:
    async def scene() -> list[str]:
        return [item async for item in together([part("a", 3), part("b", 2), part("c", 0)])]

    got = asyncio.run(scene())
    assert sorted(got) == ["a0", "a1", "a2", "b0", "b1"]
    assert [item for item in got if item[0] == "a"] == ["a0", "a1", "a2"]


def test_the_error_of_one_ends_all() -> None:
    closed = []

    async def breaks() -> AsyncGenerator[str, None]:
        yield "x"
        raise ValueError("broken")

    async def waits() -> AsyncGenerator[str, None]:
        try:
            await asyncio.Event().wait()
            yield "never"
        finally:
            closed.append(True)

    async def scene() -> None:
        with pytest.raises(ValueError, match="broken"):
            async for _ in together([breaks(), waits()]):
                pass

    asyncio.run(scene())
    assert closed == [True]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0, 1))
def test_pauses_grow_to_their_limit_and_begin_anew_after_a_connection_that_held(held: list[float], luck: float) -> None:
    backoff = Backoff(1, 60, jitter=lambda: luck)
    failures = 0
    for seconds in held:
        failures = 0 if seconds >= 10 else failures + 1
        pause = backoff.pause(seconds)
        assert 0 <= pause <= min(60, 2 ** max(0, failures - 1))
        assert not failures or pause >= min(60, 2 ** (failures - 1)) / 2


def test_far_fewer_than_usual_is_noticed_once_it_is_known_what_is_usual() -> None:
    volume = Volume(began=0.0)
    now = 0.0
    for _ in range(12 * 60):
        now += 1
        assert not volume.saw(10, now)
    assert volume.average == pytest.approx(600)
    assert [volume.saw(0, now + 1 + second) for second in range(70)].count(True) == 1


def test_a_stream_that_is_always_quiet_is_never_suspected() -> None:
    volume = Volume()
    assert not any(volume.saw(1 if minute < 20 else 0, minute * 60.0) for minute in range(60))


def test_time_without_a_connection_is_no_measure() -> None:
    volume = Volume()
    for minute in range(15):
        volume.saw(600, minute * 60.0)
    volume.pause()
    assert not volume.saw(0, 10_000.0)
