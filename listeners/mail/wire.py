"""The wire of IMAP (RFC 9051): a connection, commands with their tags, responses with their literals.

A response is a line, with the literals in it ({n} and n bytes) taken out. Everything has a cap in size and in time, and
every fault is a FetchError in words.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Literal

from leitstand.errors import FetchError
from leitstand.unreached import why

Security = Literal["tls", "starttls", "none"]

SECONDS = 60.0  # for one response
LONGEST = 600.0  # for all that answers one command
_FAREWELL: Final = 2.0
MAX_LINE: Final = 200_000
MAX_LITERAL: Final = 5_000_000
MAX_RESPONSES: Final = 200_000
_literal = re.compile(rb"\{(\d{1,9})\+?\}\r?\n?\Z")
_exists = re.compile(rb"\* \d+ EXISTS", re.IGNORECASE)


class RefusedError(FetchError):
    """The server has understood a command and will not do it, today as tomorrow."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server says in one piece."""

    line: bytes
    literals: tuple[bytes, ...] = ()

    @property
    def text(self) -> str:
        return self.line.decode("utf-8", "replace").strip()


@dataclass(slots=True)
class Wire:
    """A connection to a server. `news` says that mail came while it answered a command."""

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    news: bool = False
    number: int = 0

    async def command(self, command: str, *, shown: str = "") -> list[Response]:
        """Send a command, take its untagged responses. `shown` stands for it in errors."""
        tag = await self.send(command)
        found = await self.until(tag)
        self.check(found[-1], tag, shown or command.split(" ")[0])
        return found

    async def send(self, command: str) -> bytes:
        """Send a command; the tag that its end will have."""
        self.number += 1
        tag = f"a{self.number} "
        await self.write(f"{tag}{command}\r\n".encode())
        return tag.encode()

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        try:
            self.writer.write(data)
            async with asyncio.timeout(SECONDS):
                await self.writer.drain()
        except (OSError, TimeoutError) as error:
            raise FetchError(f"{self.host} has ended the connection") from error

    async def until(self, tag: bytes) -> list[Response]:
        """The responses up to the one that ends a command."""
        found: list[Response] = []
        try:
            async with asyncio.timeout(LONGEST):
                while not found or not found[-1].line.startswith(tag):
                    found.append(await self.response())
                    if len(found) > MAX_RESPONSES:
                        raise FetchError(f"{self.host} answers without end")
        except TimeoutError as error:
            raise FetchError(f"{self.host} did not come to an end within {LONGEST:g} seconds") from error
        return found

    async def response(self) -> Response:
        """One response, its literals taken out."""
        try:
            async with asyncio.timeout(SECONDS):
                line, literals = await self._line(), list[bytes]()
                while match := _literal.search(line):
                    if int(match[1]) > MAX_LITERAL or len(line) > MAX_LINE:
                        raise FetchError(f"{self.host} answers more than can be taken")
                    literals.append(await self.reader.readexactly(int(match[1])))
                    line = line[: match.start()] + await self._line()
                self.news = self.news or bool(_exists.match(line))
                return Response(line, tuple(literals))
        except TimeoutError as error:
            raise FetchError(f"{self.host} did not finish its answer within {SECONDS:g} seconds") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise FetchError(f"{self.host} has ended the connection") from error

    async def wait_for_news(self, seconds: float) -> None:
        """Listen until mail comes, at most so long. The server is waiting with us (IDLE)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.news:
                    self.news = bool(_exists.match(await self._line()))

    async def _line(self) -> bytes:
        try:
            line = await self.reader.readline()
        except ValueError as error:
            raise FetchError(f"{self.host} answers a line without end") from error
        except OSError as error:
            raise FetchError(f"{self.host} has ended the connection") from error
        if not line.endswith(b"\n"):
            raise FetchError(f"{self.host} has ended the connection")
        return line

    def check(self, response: Response, tag: bytes, shown: str) -> None:
        """Raise RefusedError unless a command has ended well; FetchError where it may another time."""
        said = response.line[len(tag) :].decode("utf-8", "replace").strip()
        if said.upper().startswith("OK"):
            return
        temporary = re.search(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", said, re.IGNORECASE)
        raise (FetchError if temporary else RefusedError)(f"{self.host} refuses {shown}", said=said[:200])


@asynccontextmanager
async def connected(host: str, port: int, security: Security) -> AsyncIterator[Wire]:
    """A connection to a server that has greeted us, encrypted where it is to be."""
    context = ssl.create_default_context()
    with _in_words(host):
        async with asyncio.timeout(SECONDS):
            streams = await asyncio.open_connection(
                host, port, ssl=context if security == "tls" else None, limit=MAX_LINE
            )
    wire = Wire(host, *streams)
    try:
        greeting = (await wire.response()).text
        if not greeting.startswith(("* OK", "* PREAUTH")):
            raise FetchError(f"{host} does not let us in: {greeting[:100]}")
        if security == "starttls":
            await wire.command("STARTTLS")
            with _in_words(host):
                await _said_no_more(wire)
                async with asyncio.timeout(SECONDS):
                    await wire.writer.start_tls(context, server_hostname=host)
        yield wire
    finally:
        wire.writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await wire.writer.wait_closed()


async def _said_no_more(wire: Wire) -> None:
    """Raise FetchError if something came behind the agreement to encrypt.

    It would be read as an answer later, and whoever sits in between may have said it ("NO STARTTLS", USENIX 2021).
    """
    more = asyncio.ensure_future(wire.reader.read(1))
    await asyncio.sleep(0)
    if more.done() and more.result():
        raise FetchError(f"{wire.host} said something in clear after it agreed to encrypt: somebody may sit in between")
    more.cancel()
    with suppress(asyncio.CancelledError):
        await more


@contextmanager
def _in_words(host: str) -> Iterator[None]:
    """What goes wrong while a connection is made, as a FetchError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        said = error.verify_message
        raise FetchError(f"{host} has a certificate that is not valid: {said}", permanent=True) from error
    except OSError as error:
        raise FetchError(f"{host} cannot be reached: {why(error)}") from error
