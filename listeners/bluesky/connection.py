"""One connection to a Bluesky stream: opened, its frames pumped, what goes wrong said in one sentence."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.unreached import why
from listeners.bluesky.wires import MAX_FRAME, ServerSaidError
from listeners.fetch import retry_after
from listeners.streams import Pump, StreamEndedError

OPEN: Final = 15.0
PING: Final = 20.0
_REFUSED: Final = {400, 401, 403, 404, 410}


class _Error(msgspec.Struct):
    error: str = ""
    message: str = ""


_error: Final = msgspec.json.Decoder(_Error)


class RefusedError(ServerSaidError):
    """The server did not open the stream."""

    def __init__(self, host: str, status: int, code: str, message: str, wait: timedelta | None = None) -> None:
        said = f"{host} refuses the stream (HTTP {status}{f', {code}' if code else ''}): {message}".rstrip(": ")
        super().__init__(said[:400], code=code, permanent=status in _REFUSED, status=status, retry_after=wait)


@asynccontextmanager
async def opened(host: str, path: str, hello: str = "") -> AsyncGenerator[Pump[bytes], None]:
    """The frames of a stream, where `hello` is said first.

    Raises FetchError for whatever goes wrong with the connection, also inside the block.
    """
    name = urlsplit(host).hostname or ""
    try:
        async with (
            # Not packed twice: a server refuses deflate together with its own packing.
            connect(
                host + path, compression=None, max_size=MAX_FRAME, open_timeout=OPEN, ping_interval=PING,
                ping_timeout=PING, close_timeout=1, max_queue=512,
            ) as socket,
            Pump(_frames(socket, hello)) as pump,
        ):  # fmt: skip
            yield pump
    except InvalidStatus as error:
        code, message = _body(bytes(error.response.body or b""))
        wait = retry_after(error.response.headers, clock.now())
        raise RefusedError(name, error.response.status_code, code, message, wait) from error
    except ConnectionClosed as error:
        raise FetchError(f"{name} closed the connection ({_closed(error)})") from error
    except StreamEndedError as error:
        raise FetchError(f"{name} closed the connection") from error
    except TimeoutError as error:
        raise FetchError(f"{name} does not answer") from error
    except (OSError, ssl.SSLError, WebSocketException, asyncio.IncompleteReadError) as error:
        raise FetchError(f"{name} cannot be heard: {_reason(error)}"[:300]) from error


async def _frames(socket: ClientConnection, hello: str) -> AsyncIterator[bytes]:
    if hello:
        await socket.send(hello)
    while True:
        yield await socket.recv(decode=False)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, WebSocketException) else why(error)


def _closed(error: ConnectionClosed) -> str:
    close = error.rcvd
    if close is None:
        return "without a word"
    words = {1000: "normally", 1001: "it is going away", 1008: "against its rules", 1011: "its own fault"}
    return f"{close.code} {close.reason or words.get(close.code, '')}".strip()[:120]


def _body(body: bytes) -> tuple[str, str]:
    """An XRPC error's word and message."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        said = _error.decode(body)
        return said.error, said.message
    return "", body.decode("utf-8", "replace")[:200]
