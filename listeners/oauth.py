"""Tokens that last a while (OAuth 2): asked for when one is needed, renewed before it ends, dropped when refused."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

EARLY: Final = 60.0  # a token is renewed so many seconds before its end


class Token(msgspec.Struct):
    """Who we are for so many seconds."""

    access_token: str
    expires_in: float = 3600.0


@dataclass(slots=True)
class Held:
    """The token that we have, if we have one."""

    _token: str = field(default="", repr=False)
    _ends: float = 0.0

    async def current(self, ask: Callable[[], Awaitable[Token]]) -> str:
        """The token; `ask` gets a new one where there is none or its end is near."""
        if not self._token or time.monotonic() > self._ends:
            token = await ask()
            self._token, self._ends = token.access_token, time.monotonic() + token.expires_in - EARLY
        return self._token

    def drop(self) -> None:
        """It may have been withdrawn: a fresh one is asked for next time."""
        self._token = ""
