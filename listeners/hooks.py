"""What a source that receives webhooks is: a function that checks and reads one call, and decides nothing else.

    call ──► receive(settings, request) ──► Received ──► committed ──► answered 2xx
             └─ HookRefusedError: answered with its status, nothing taken
`receive` is pure. A sender repeats what was not answered, so the same call may come again: the posts' ids make that
harmless. One bad row of a call is reported and harms only itself.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, TypeVar, runtime_checkable

import msgspec
from pydantic import SecretStr

from leitstand import signatures
from leitstand.errors import HookRefusedError
from leitstand.settings import ListenerSettings
from listeners.contract import Batch

PART: Final = "hook"
SHORTEST: Final = 16
SIGN_OF_LIFE: Final = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call: headers by their names in lower case, the body as it came, and when."""

    method: Literal["GET", "POST"]
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What a call brought. `batch` is committed before the answer, None where there is nothing to keep; `rejected` says
    what of it cannot be taken; `said` is answered as plain text, for services that ask for an echo."""

    batch: Batch | None = None
    rejected: tuple[str, ...] = ()
    said: str = ""


@runtime_checkable
class Receives(Protocol):
    """A source that others call."""

    def receive(self, settings: ListenerSettings, request: HookRequest) -> Received:
        """Check and read one call. Raises HookRefusedError."""
        ...


async def waiting() -> AsyncIterator[Batch]:
    """What a source yields that only receives for now: a sign of life, for ever."""
    while True:
        yield Batch((), None, PART)
        await asyncio.sleep(SIGN_OF_LIFE)


def check_signature(secret: SecretStr, request: HookRequest, header: str = "x-hub-signature-256") -> None:
    """Raises HookRefusedError unless the body is signed: `sha256=` and the HMAC in hex, as GitHub and Meta do it."""
    signatures.check_body(secret, request.body, request.headers, header, "sha256")


def check_standard(secret: SecretStr, request: HookRequest) -> None:
    """Raises HookRefusedError unless the call is signed as Standard Webhooks say, and not older than five minutes."""
    signatures.check_standard(secret, request.body, request.headers, request.at)


def check_token(token: SecretStr, request: HookRequest) -> None:
    """Raises HookRefusedError without the token: as Bearer, or as `?token=` from what can call an address only."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    given = given.strip() if kind.lower() == "bearer" else request.query.get("token", "")
    if not given:
        raise HookRefusedError("send the token: Authorization: Bearer …", 401)
    if not signatures.same(given, token.get_secret_value()):
        raise HookRefusedError("this token is not the listener's", 401)


def read_json(request: HookRequest, shape: type[T]) -> T:
    """The body. Raises HookRefusedError in words."""
    try:
        return msgspec.json.decode(request.body, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise HookRefusedError(f"the body is not what it should be: {str(error)[:200]}", 400) from None


def convert(raw: msgspec.Raw, shape: type[T], place: str, rejected: list[str]) -> T | None:
    """One row of a call; None, with the reason in `rejected`, where it is not of this shape."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        rejected.append(f"{place}: {str(error)[:200]}")
        return None


def long_enough(secret: SecretStr | None) -> SecretStr | None:
    """For settings: a secret that cannot be guessed."""
    if secret is not None and len(secret.get_secret_value()) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters; `openssl rand -hex 32` makes one")
    return secret
