"""What a source does that only waits for calls."""

import asyncio

from listeners import hooks
from listeners.contract import Batch


def test_it_gives_a_sign_of_life_and_then_rests() -> None:
    async def go() -> tuple[Batch, bool]:
        signs = hooks.waiting()
        first = await anext(signs)
        second = asyncio.ensure_future(anext(signs))
        for _ in range(20):
            await asyncio.sleep(0)
        rests = not second.done()
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        return first, rests

    sign, rests = asyncio.run(go())
    assert rests and sign == Batch((), None, hooks.PART)
