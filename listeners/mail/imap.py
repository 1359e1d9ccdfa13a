"""As much IMAP (RFC 9051, IDLE: RFC 2177) as reading a mailbox takes: log in, look, fetch, wait. It changes nothing.

A response is a line, with the literals in it ({n} and n bytes) taken out. Everything has a cap in size and in time.
"""

import asyncio
import re
import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from leitstand.errors import FetchError

Security = Literal["tls", "starttls", "none"]

SECONDS = 60.0  # for one response
LONGEST = 600.0  # for all that answers one command
_FAREWELL: Final = 2.0
MAX_LINE: Final = 200_000
MAX_LITERAL: Final = 5_000_000
MAX_RESPONSES: Final = 200_000
_literal = re.compile(rb"\{(\d{1,9})\+?\}\r?\n?\Z")
_uid = re.compile(rb"\bUID (\d{1,10})\b")
_size = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_exists = re.compile(rb"\* \d+ EXISTS", re.IGNORECASE)
_code = re.compile(r"\[(UIDVALIDITY|UIDNEXT) (\d{1,10})\]")


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


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as it is. `last` is the number of its newest mail; numbers mean nothing without `validity`."""

    validity: int
    last: int


@dataclass(slots=True)
class Imap:
    """A connection. Use it as an async context manager. Every fault is a FetchError in words."""

    host: str
    port: int
    security: Security
    context: ssl.SSLContext | None = None
    _reader: asyncio.StreamReader = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)
    _number: int = 0
    _news: bool = False  # something came while the server answered another command

    async def __aenter__(self) -> Self:
        secure = self.context or ssl.create_default_context()
        try:
            async with asyncio.timeout(SECONDS):
                self._reader, self._writer = await asyncio.open_connection(
                    self.host, self.port, ssl=secure if self.security == "tls" else None, limit=MAX_LINE
                )
        except ssl.SSLCertVerificationError as error:
            said = error.verify_message
            raise FetchError(f"{self.host} has a certificate that is not valid: {said}", permanent=True) from error
        except (TimeoutError, OSError) as error:
            raise FetchError(f"{self.host} cannot be reached: {error or 'it does not answer'}") from error
        try:
            greeting = (await self._response()).text
            if not greeting.startswith(("* OK", "* PREAUTH")):
                raise FetchError(f"{self.host} does not let us in: {greeting[:100]}")
            if self.security == "starttls":
                await self.command("STARTTLS")
                async with asyncio.timeout(SECONDS):
                    await self._writer.start_tls(secure, server_hostname=self.host)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._writer.wait_closed()

    async def command(self, command: str, *, shown: str = "") -> list[Response]:
        """Send a command, take its untagged responses. `shown` stands for it in errors."""
        tag = await self._send(command)
        found = await self._until(tag)
        self._check(found[-1], tag, shown or command.split(" ")[0])
        return found

    async def login(self, username: str, password: str) -> set[str]:
        """Log in; what the server can do."""
        try:
            if f"{username}{password}".isascii():
                await self.command(f"LOGIN {_quoted(username)} {_quoted(password)}", shown="LOGIN")
            else:
                await self._authenticate(f"\0{username}\0{password}".encode())
        except RefusedError:
            raise FetchError(f"{self.host} does not take this username and password", permanent=True) from None
        return {word.upper() for response in await self.command("CAPABILITY") for word in response.text.split()}

    async def _authenticate(self, secret: bytes) -> None:
        tag = await self._send("AUTHENTICATE PLAIN")
        response = await self._response()
        if response.line.startswith(b"+"):
            await self._write(b64encode(secret) + b"\r\n")
            response = (await self._until(tag))[-1]
        self._check(response, tag, "AUTHENTICATE")

    async def examine(self, name: str) -> Mailbox:
        """Open a mailbox to read it."""
        try:
            responses = await self.command(f"EXAMINE {_quoted(name)}")
        except RefusedError as error:
            raise FetchError(f"{self.host} has no mailbox {name} for us", permanent=True) from error
        said = {key: int(value) for response in responses for key, value in _code.findall(response.text)}
        if "UIDVALIDITY" not in said:
            raise FetchError(f"{self.host} does not number its mails", permanent=True)
        last = said["UIDNEXT"] - 1 if "UIDNEXT" in said else max(await self.sizes(1), default=0)
        return Mailbox(said["UIDVALIDITY"], last)

    async def sizes(self, first: int) -> dict[int, int]:
        """The mails from this number on, with their sizes, by number."""
        found: dict[int, int] = {}
        self._news = False
        for response in await self.command(f"UID FETCH {first}:* (UID RFC822.SIZE)"):
            uid, size = _uid.search(response.line), _size.search(response.line)
            # n:* names the last mail, even if its number is smaller.
            if uid and int(uid[1]) >= first:
                found[int(uid[1])] = int(size[1]) if size else 0
        return dict(sorted(found.items()))

    async def since(self, day: str) -> list[int]:
        """The numbers of the mails that came since a day."""
        found = [r.text.split()[2:] for r in await self.command(f"UID SEARCH SINCE {day}") if b"SEARCH" in r.line[:12]]
        return sorted({int(word) for words in found for word in words if word.isascii() and word.isdigit()})

    async def fetch(self, numbers: list[int], most: int) -> dict[int, bytes]:
        """Mails, of each at most so many bytes. They stay unread."""
        wanted = ",".join(map(str, numbers))
        found: dict[int, bytes] = {}
        for response in await self.command(f"UID FETCH {wanted} (UID BODY.PEEK[]<0.{most}>)"):
            uid = _uid.search(response.line)
            if uid and response.literals:
                found[int(uid[1])] = response.literals[-1]
        return found

    async def idle(self, seconds: float) -> None:
        """Wait until the mailbox has something new since `sizes`, at most so long."""
        tag = await self._send("IDLE")
        while not (response := await self._response()).line.startswith(b"+"):
            if response.line.startswith(tag):
                raise FetchError(f"{self.host} does not wait with us: {response.text[:100]}")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._news:
                    self._news = bool(_exists.match(await self._line()))
        await self._write(b"DONE\r\n")
        await self._until(tag)

    async def _send(self, command: str) -> bytes:
        self._number += 1
        tag = f"a{self._number} "
        await self._write(f"{tag}{command}\r\n".encode())
        return tag.encode()

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            async with asyncio.timeout(SECONDS):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise FetchError(f"{self.host} has ended the connection") from error

    async def _until(self, tag: bytes) -> list[Response]:
        """The responses up to the one that ends a command."""
        found: list[Response] = []
        try:
            async with asyncio.timeout(LONGEST):
                while not found or not found[-1].line.startswith(tag):
                    found.append(await self._response())
                    if len(found) > MAX_RESPONSES:
                        raise FetchError(f"{self.host} answers without end")
        except TimeoutError as error:
            raise FetchError(f"{self.host} did not come to an end within {LONGEST:g} seconds") from error
        return found

    async def _response(self) -> Response:
        """One response, its literals taken out."""
        try:
            async with asyncio.timeout(SECONDS):
                line, literals = await self._line(), list[bytes]()
                while match := _literal.search(line):
                    if int(match[1]) > MAX_LITERAL or len(line) > MAX_LINE:
                        raise FetchError(f"{self.host} answers more than can be taken")
                    literals.append(await self._reader.readexactly(int(match[1])))
                    line = line[: match.start()] + await self._line()
                self._news = self._news or bool(_exists.match(line))
                return Response(line, tuple(literals))
        except TimeoutError as error:
            raise FetchError(f"{self.host} did not finish its answer within {SECONDS:g} seconds") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise FetchError(f"{self.host} has ended the connection") from error

    async def _line(self) -> bytes:
        try:
            line = await self._reader.readline()
        except ValueError as error:
            raise FetchError(f"{self.host} answers a line without end") from error
        except OSError as error:
            raise FetchError(f"{self.host} has ended the connection") from error
        if not line.endswith(b"\n"):
            raise FetchError(f"{self.host} has ended the connection")
        return line

    def _check(self, response: Response, tag: bytes, shown: str) -> None:
        said = response.line[len(tag) :].decode("utf-8", "replace").strip()
        if said.upper().startswith("OK"):
            return
        temporary = re.search(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", said, re.IGNORECASE)
        raise (FetchError if temporary else RefusedError)(f"{self.host} refuses {shown}")


def _quoted(text: str) -> str:
    """A quoted string. Line ends would be commands of their own."""
    kept = re.sub(r"[\r\n\0]", "", text)
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'
