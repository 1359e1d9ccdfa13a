"""A mailbox server in a thread that speaks as much IMAP as a reader needs, and can misbehave."""

import asyncio
import re
import ssl
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PACE = 0.1
TOKEN = "a-token-of-the-provider"
USER, PASSWORD = "support@acme.example", 'a "strange" \\ password'


@dataclass
class FakeImap:
    """`mails` by number. `secure` is how it speaks TLS once it is asked to; without it hangs up then.

    What it does wrong: `refuse` answers commands; `breaks` are the commands, counted over all connections, in the
    middle of whose answer it hangs up, and those of `renumbered` give the mails other numbers too. `greeting` comes in
    place of its own, again and again; `chatter` comes before every answer, `slowly`: and never it. `smuggled` comes in
    clear behind the agreement to encrypt.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 1
    secure: ssl.SSLContext | None = None
    can_idle: bool = True
    refuse: dict[str, str] = field(default_factory=dict)
    garbage: bytes = b""
    password: str = PASSWORD
    mailbox: str = "INBOX"
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    port: int = 0
    logins: int = 0
    commands: list[str] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    renumbered: set[int] = field(default_factory=set)
    greeting: bytes = b""
    chatter: bytes = b""
    slowly: bool = False
    smuggled: bytes = b""
    requests: list[float] = field(default_factory=list)
    idling: threading.Event = field(default_factory=threading.Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _news: list[asyncio.Event] = field(default_factory=list)

    def deliver(self, *mails: bytes) -> None:
        """New mails; whoever waits is told."""
        for mail in mails:
            self.mails[max(self.mails, default=0) + 1] = mail
        self.loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for event in self._news:
            event.set()

    def renumber(self) -> None:
        """All mails get numbers from 1 on."""
        self.mails = dict(enumerate(self.mails.values(), 1))
        self.validity += 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(time.monotonic())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self.greeting:
                await self._trickle(self.greeting, writer)
            writer.write(b"* OK at your service\r\n")
            while line := await reader.readline():
                if not await self._answer(line.decode().strip(), reader, writer):
                    break
                await writer.drain()
        await self._hang_up(writer)

    async def _trickle(self, said: bytes, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(said)
            await writer.drain()
            await asyncio.sleep(PACE)

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        tag, _, rest = line.partition(" ")
        command = re.sub(r"^UID ", "", rest).split(" ")[0].upper()
        self.commands.append(command)
        writer.write(self.chatter)
        if self.slowly:
            await self._trickle(self.chatter, writer)
        if len(self.commands) in self.breaks:
            return self._break(command, rest, writer)
        if command in self.refuse:
            writer.write(f"{tag} {self.refuse[command]}\r\n".encode())
            return True
        if self.garbage and command == "FETCH":
            writer.write(self.garbage)
            return False
        if command == "STARTTLS":
            writer.write(f"{tag} OK begin\r\n".encode() + self.smuggled)
            await writer.drain()
            if self.secure:
                await writer.start_tls(self.secure)
            return self.secure is not None
        if command == "LOGIN":
            self.logins += 1
            quoted = self.password.replace("\\", "\\\\").replace('"', '\\"')
            right = rest == f'LOGIN "{USER}" "{quoted}"'
            writer.write(f"{tag} {'OK in' if right else 'NO [AUTHENTICATIONFAILED] no'}\r\n".encode())
            return True
        if command == "AUTHENTICATE":
            self.logins += 1
            writer.write(b"* OK a word aside\r\n+ \r\n")
            await writer.drain()
            right = self._knows(rest.split(" ")[1], b64decode((await reader.readline()).strip()).decode())
            if not right:
                writer.write(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
                await writer.drain()
                assert await reader.readline() == b"\r\n"
            writer.write(f"{tag} {'OK in' if right else 'NO AUTHENTICATE failed.'}\r\n".encode())
            return True
        if command == "EXAMINE" and rest != f'EXAMINE "{self.mailbox}"':
            writer.write(f"{tag} NO [NONEXISTENT] Unknown mailbox\r\n".encode())
            return True
        if command == "IDLE":
            await self._idle(reader, writer)
        else:
            writer.write(self._said(command, rest))
        writer.write(f"{tag} OK done\r\n".encode())
        return command != "LOGOUT"

    def _knows(self, method: str, given: str) -> bool:
        if method == "PLAIN":
            return given == f"\0{USER}\0{self.password}"
        return given in {f"user={USER}\x01auth=Bearer {token}\x01\x01" for token in self.tokens}

    def _break(self, command: str, rest: str, writer: asyncio.StreamWriter) -> bool:
        """Half of an answer, and no more. While it waits with somebody, it has agreed to that."""
        answer = b"+ idling\r\n" if command == "IDLE" else self._said(command, rest)
        writer.write(answer if command == "IDLE" else answer[: len(answer) // 2])
        if len(self.commands) in self.renumbered:
            self.renumber()
        return False

    def _said(self, command: str, rest: str) -> bytes:
        newest = max(self.mails, default=0)
        if command == "CAPABILITY":
            return f"* CAPABILITY IMAP4rev1{' IDLE' if self.can_idle else ''}\r\n".encode()
        if command == "EXAMINE":
            return (
                f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] ok\r\n"
                f"* OK [UIDNEXT {newest + 1}] next\r\n"
            ).encode()
        if command == "SEARCH":
            return f"* SEARCH {' '.join(map(str, self.mails))}\r\n".encode()
        if command == "FETCH":
            return self._fetched(rest)
        return b""

    def _fetched(self, rest: str) -> bytes:
        wanted = rest.split(" ")[2]
        if wanted.endswith(":*"):
            first = int(wanted[:-2])
            numbers = [n for n in self.mails if n >= first] or [max(self.mails, default=0)]
            lines = (f"* {n} FETCH (UID {n} RFC822.SIZE {len(self.mails[n])})\r\n" for n in numbers if n)
            return "".join(lines).encode()
        most = int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
        found = b""
        for number in map(int, wanted.split(",")):
            content = self.mails[number][:most]
            found += f"* {number} FETCH (UID {number} BODY[]<0> {{{len(content)}}}\r\n".encode() + content + b")\r\n"
        return found

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+ idling\r\n")
        await writer.drain()
        event = asyncio.Event()
        self.idling.set()
        self._news.append(event)
        done = asyncio.ensure_future(reader.readline())
        news = asyncio.ensure_future(event.wait())
        await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
        if news.done():
            writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())
            await writer.drain()
        self._news.remove(event)
        news.cancel()
        await done


@contextmanager
def imap_server(secure: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[FakeImap]:
    """`at_once`: TLS from the first byte, not only when it is asked for."""
    fake = FakeImap(secure=secure)
    started = threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0, limit=1 << 20, ssl=secure if at_once else None)
        fake.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    stop = asyncio.Event()
    thread = threading.Thread(target=fake.loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert started.wait(60)
        yield fake
    finally:
        fake.loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        fake.loop.close()
