"""A small HTTP/1.1 server that writes what it is told, byte by byte if need be: for streams that misbehave."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def one(self, name: str) -> str:
        """A query parameter, "" without it."""
        return self.query.get(name, [""])[0]


@dataclass
class Talk:
    """One connection's way to answer. `cut` splits what is sent into random pieces, also inside a character."""

    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    cut: random.Random | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer; what is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        head = {"content-type": "application/json", "content-length": str(len(content)), **(headers or {})}
        await self._write(self._head(status, head) + content)

    async def begin(self, status: int = 200, kind: str = "text/event-stream") -> None:
        """The head of an answer in chunks, then watch for the client's end."""
        await self._write(self._head(status, {"content-type": kind, "transfer-encoding": "chunked"}))
        self._watch = asyncio.create_task(self._wait_for_end())

    async def send(self, content: bytes) -> None:
        """The content in one chunk, or in several."""
        while content:
            size = self.cut.randint(1, max(1, len(content))) if self.cut else len(content)
            piece, content = content[:size], content[size:]
            await self._write(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def next_of(self, queue: asyncio.Queue[bytes]) -> bytes:
        """The next of a queue. Raises ConnectionError once nobody listens any more."""
        taking, leaving = asyncio.ensure_future(queue.get()), asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                raise ConnectionError
            return taking.result()
        finally:
            taking.cancel()
            leaving.cancel()

    async def close(self) -> None:
        """A clean end of the chunks."""
        await self._write(b"0\r\n\r\n")

    def abort(self) -> None:
        """The line breaks."""
        self.writer.transport.abort()

    async def _wait_for_end(self) -> None:
        with suppress(ConnectionError):
            while await self.reader.read(1000):
                pass
        self.gone.set()

    async def _write(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode()


Handler = Callable[[Request, Talk], Awaitable[None]]


async def _request(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    address = urlsplit(target)
    return Request(method, unquote(address.path), parse_qs(address.query), headers, body)


@asynccontextmanager
async def serving(handle: Handler, cut: random.Random | None = None) -> AsyncIterator[str]:
    """The server's address until the end of the block. A stream's handler ends when its client or the block does."""
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            while request := await _request(reader):
                said = Talk(writer, reader, cut)
                await handle(request, said)
                if hasattr(said, "_watch"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
