"""As much IMAP (RFC 9051, IDLE: RFC 2177) as reading a mailbox takes: log in, look, fetch, wait. It changes nothing."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from leitstand.errors import FetchError
from leitstand.settings.mailbox import xoauth2
from listeners.mail.wire import RefusedError, Security, Wire, connected

MAX_ASIDES = 1000  # that a server says while it lets us in
_uid = re.compile(rb"\bUID (\d{1,10})\b")
_size = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_beyond_ascii = re.compile(r"[^\x20-\x7e]+")
_code = re.compile(r"\[(UIDVALIDITY|UIDNEXT) (\d{1,10})\]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as it is. `last` is the number of its newest mail; numbers mean nothing without `validity`."""

    validity: int
    last: int


@dataclass(frozen=True, slots=True)
class Imap:
    """A server that we talk to. Every fault is a FetchError in words."""

    wire: Wire

    async def login(self, username: str, password: str) -> set[str]:
        """Log in; what the server can do."""
        try:
            if f"{username}{password}".isascii():
                await self.wire.command(f"LOGIN {_quoted(username)} {_quoted(password)}", shown="LOGIN")
            else:
                await self._authenticate("PLAIN", b64encode(f"\0{username}\0{password}".encode()))
        except RefusedError as error:
            words = f"{self.wire.host} does not take this username and password"
            raise FetchError(words, permanent=True, said=error.said) from None
        return await self._can()

    async def login_as(self, username: str, token: str) -> set[str]:
        """Log in with a token; what the server can do."""
        try:
            await self._authenticate("XOAUTH2", xoauth2(username, token))
        except RefusedError as error:
            words = f"{self.wire.host} does not let this app into the mailbox"
            raise FetchError(words, permanent=True, said=error.said) from None
        return await self._can()

    async def _can(self) -> set[str]:
        responses = await self.wire.command("CAPABILITY")
        return {word.upper() for response in responses for word in response.text.split()}

    async def _authenticate(self, method: str, secret: bytes) -> None:
        """The secret is sent when the server asks for it; asked once more, it says why not, and wants an empty line."""
        tag = await self.wire.send(f"AUTHENTICATE {method}")
        answers = [secret, b""]
        for _ in range(MAX_ASIDES):
            response = await self.wire.response()
            if response.line.startswith(tag):
                return self.wire.check(response, tag, "AUTHENTICATE")
            if response.line.startswith(b"+") and answers:
                await self.wire.write(answers.pop(0) + b"\r\n")
        raise FetchError(f"{self.wire.host} answers without end")

    async def examine(self, name: str) -> Mailbox:
        """Open a mailbox to read it."""
        try:
            responses = await self.wire.command(f"EXAMINE {_quoted(as_written(name))}")
        except RefusedError as error:
            words = f"{self.wire.host} has no mailbox {name} for us"
            raise FetchError(words, permanent=True, said=error.said) from error
        said = {key: int(value) for response in responses for key, value in _code.findall(response.text)}
        if "UIDVALIDITY" not in said:
            raise FetchError(f"{self.wire.host} does not number its mails", permanent=True)
        last = said["UIDNEXT"] - 1 if "UIDNEXT" in said else max(await self.sizes(1), default=0)
        return Mailbox(said["UIDVALIDITY"], last)

    async def sizes(self, first: int) -> dict[int, int]:
        """The mails from this number on, with their sizes in bytes, by number."""
        found: dict[int, int] = {}
        self.wire.news = False
        for response in await self.wire.command(f"UID FETCH {first}:* (UID RFC822.SIZE)"):
            uid, size = _uid.search(response.line), _size.search(response.line)
            # n:* names the last mail, even if its number is smaller.
            if uid and int(uid[1]) >= first:
                found[int(uid[1])] = int(size[1]) if size else 0
        return dict(sorted(found.items()))

    async def since(self, day: str) -> list[int]:
        """The numbers of the mails that came since a day, written like 03-Mar-2026."""
        responses = await self.wire.command(f"UID SEARCH SINCE {day}")
        found = [response.text.split()[2:] for response in responses if b"SEARCH" in response.line[:12]]
        return sorted({int(word) for words in found for word in words if word.isascii() and word.isdigit()})

    async def fetch(self, numbers: list[int], most: int) -> dict[int, bytes]:
        """Mails, of each at most so many bytes. They stay unread."""
        wanted = ",".join(map(str, numbers))
        found: dict[int, bytes] = {}
        for response in await self.wire.command(f"UID FETCH {wanted} (UID BODY.PEEK[]<0.{most}>)"):
            uid = _uid.search(response.line)
            if uid and response.literals:
                found[int(uid[1])] = response.literals[-1]
        return found

    async def idle(self, seconds: float) -> None:
        """Wait until the mailbox has something new since `sizes`, at most so long."""
        tag = await self.wire.send("IDLE")
        while not (response := await self.wire.response()).line.startswith(b"+"):
            if response.line.startswith(tag):
                raise FetchError(f"{self.wire.host} does not wait with us: {response.text[:100]}")
        await self.wire.wait_for_news(seconds)
        await self.wire.write(b"DONE\r\n")
        await self.wire.until(tag)

    async def alive(self) -> None:
        """Keep the connection, and hear what is new."""
        await self.wire.command("NOOP")


@asynccontextmanager
async def talking(host: str, port: int, security: Security) -> AsyncIterator[Imap]:
    """A server, until the end of the block. Raises FetchError."""
    async with connected(host, port, security) as wire:
        yield Imap(wire)


def as_written(name: str) -> str:
    """A mailbox's name as IMAP writes it: other letters than those of ASCII in a UTF-7 of its own (RFC 3501, 5.1.3)."""
    return _beyond_ascii.sub(_in_base64, name.replace("&", "&-"))


def _in_base64(found: re.Match[str]) -> str:
    packed = b64encode(found[0].encode("utf-16-be", "surrogatepass")).decode()
    return f"&{packed.rstrip('=').replace('/', ',')}-"


def _quoted(text: str) -> str:
    """A quoted string. Line ends would be commands of their own."""
    kept = re.sub(r"[\r\n\0]", "", text)
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'
