"""Jetstream servers, v1 and v2, that replay from a cursor, pack frames, and misbehave when told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import zstandard
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.http11 import Request, Response

from tests.listeners import dag_cbor

Json = dict[str, object]
POSTS = "app.bsky.feed.post"
START_US = 1_760_000_000_000_000
V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
RELAY = "/xrpc/com.atproto.sync.subscribeRepos"


def dictionary() -> bytes:
    """A trained dictionary, with a number as real ones have."""
    samples: list[bytes | bytearray | memoryview] = [
        json.dumps(v1(n, n, record(f"acme sample {n} of many words"))).encode() for n in range(500)
    ]
    return zstandard.train_dictionary(4096, samples, dict_id=20260811).as_bytes()


def record(words: str, **more: object) -> dict[str, object]:
    return {"$type": POSTS, "createdAt": "2025-10-09T08:53:20.000Z", "langs": ["en"], "text": words, **more}


def v1(
    number: int, time_us: int, content: object, operation: str = "create", did: str = "did:plc:anna"
) -> dict[str, object]:
    commit: dict[str, object] = {"rev": "r", "operation": operation, "collection": POSTS, "rkey": f"k{number:04}"}
    if operation != "delete":
        commit |= {"record": content, "cid": "c"}
    return {"did": did, "time_us": time_us, "kind": "commit", "commit": commit}


def account(did: str, time_us: int, status: str) -> dict[str, object]:
    said = {"active": status == "active", "did": did, "seq": 1, "time": "2025-10-09T08:53:20.000Z", "status": status}
    return {"did": did, "time_us": time_us, "kind": "account", "account": said}


@dataclass
class Ending:
    """How one connection ends: after so many events, by this close code; 0 breaks the line, -1 goes silent."""

    after: int
    code: int = 1001


@dataclass
class Jetstream:
    """The server's log, and what it is told to do. Each connection takes the next of `endings` and of `refusals`."""

    events: list[bytes | Json] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    floor: int = 0  # what is older is no longer there
    dictionary: bytes = b""
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    hellos: list[Json] = field(default_factory=list)
    live: set[ServerConnection] = field(default_factory=set)
    server: Server | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)  # somebody to listen

    @property
    def host(self) -> str:
        assert self.server
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}"

    def posts(self, numbers: Sequence[int], words: str = "acme is down") -> None:
        """Write posts into the log."""
        self.events += [v1(n, START_US + n * 1000, record(f"{words} {n}")) for n in numbers]
        self.news.set()

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """What is said before the upgrade."""
        address = urlsplit(request.path)
        if address.path.endswith("getZstdDictionary"):
            return Response(200, "OK", Headers({"Content-Length": str(len(self.dictionary))}), self.dictionary)
        self.asked.append(parse_qs(address.query))
        if "permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", ""):
            return connection.respond(HTTPStatus.BAD_REQUEST, "deflate and zstd together")
        if self.refusals:
            status, code = self.refusals.pop(0)
            body = json.dumps({"error": code, "message": "the floor is 7"}).encode()
            return Response(status, "No", Headers({"Content-Length": str(len(body))}), body)
        return None

    async def handle(self, connection: ServerConnection) -> None:
        """One stream: replay from the cursor, then live."""
        assert connection.request
        address = urlsplit(connection.request.path)
        query = parse_qs(address.query)
        ending = self.endings.pop(0) if self.endings else Ending(10**9)
        is_v2 = address.path == V2
        pack = self._packer("compress" in query or "zstdDictionary" in query)
        frame = self._relayed if address.path == RELAY else self._v2 if is_v2 else self._v1
        sent, index = 0, self._first(address.path, query)
        self.live.add(connection)
        self.came.set()
        try:
            wanted = await self._wanted(connection, query)
            while sent < ending.after:
                if index >= len(self.events):
                    await self._news_or_end(connection)
                    continue
                event = self.events[index]
                if wanted and isinstance(event, dict) and event["did"] not in wanted:
                    index += 1
                    continue
                await connection.send(pack(event if isinstance(event, bytes) else frame(index, event)))
                sent, index = sent + 1, index + 1
            await self._end(connection, ending.code)
        except ConnectionClosed:
            pass
        finally:
            self.live.discard(connection)

    async def _wanted(self, connection: ServerConnection, query: dict[str, list[str]]) -> set[object]:
        """The accounts that are asked for: in the address, or in the first word of who was asked to say one."""
        if "requireHello" not in query:
            return {*query.get("wantedDids", []), *query.get("dids", [])}
        said = json.loads(await connection.recv())
        self.hellos.append(said)
        assert said["type"] == "options_update"
        return set(said["payload"]["wantedDids"])

    async def _news_or_end(self, connection: ServerConnection) -> None:
        self.news.clear()
        either = [asyncio.ensure_future(self.news.wait()), asyncio.ensure_future(connection.wait_closed())]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if either[1].done():
            raise ConnectionClosedOK(None, None)
        for waiting in either:
            waiting.cancel()

    async def _end(self, connection: ServerConnection, code: int) -> None:
        if code > 0:
            await connection.close(code)
        elif code == 0:
            connection.transport.abort()
        else:
            await connection.wait_closed()

    def _first(self, path: str, query: dict[str, list[str]]) -> int:
        if "cursor" not in query:
            return len(self.events)
        cursor = max(int(query["cursor"][0]), self.floor)
        if path == RELAY:
            return cursor
        if path == V2 and cursor < 10**15:
            return cursor - 1
        times = [e["time_us"] if isinstance(e, dict) else 0 for e in self.events]
        return next((index for index, at in enumerate(times) if isinstance(at, int) and at >= cursor), len(times))

    def _v1(self, index: int, event: Json) -> bytes:
        return json.dumps(event, ensure_ascii=False).encode()

    def _relayed(self, index: int, event: Json) -> bytes:
        time_us = event["time_us"]
        assert isinstance(time_us, int)
        time, did, kind = _iso(*divmod(time_us, 10**6)), str(event["did"]), str(event["kind"])
        inner = event[kind]
        assert isinstance(inner, dict)
        if kind == "account":
            return dag_cbor.frame("#account", {**inner, "seq": index + 1, "time": time})
        path = f"{inner['collection']}/{inner['rkey']}"
        return dag_cbor.commit(index + 1, did, time, [(str(inner["operation"]), path, inner.get("record"))])

    def _v2(self, index: int, event: Json) -> bytes:
        time_us = event["time_us"]
        assert isinstance(time_us, int)
        seconds, micros = divmod(time_us, 10**6)
        payload: dict[str, object] = {"seq": index + 1, "did": event["did"], "time": _iso(seconds, micros)}
        kind = str(event["kind"])
        inner = event[kind]
        assert isinstance(inner, dict)
        payload |= inner if kind == "commit" else {kind: inner}
        payload["$type"] = f"network.bsky.jetstream.subscribeEvents#{kind}"
        return json.dumps({"$type": "message", "payload": payload}, ensure_ascii=False).encode()

    def _packer(self, packed: bool):  # type: ignore[no-untyped-def]
        if not packed or not self.dictionary:
            return lambda frame: frame.decode() if _is_text(frame) else frame
        shared = zstandard.ZstdCompressionDict(self.dictionary)
        return zstandard.ZstdCompressor(dict_data=shared).compress


def _is_text(frame: bytes) -> bool:
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True


def _iso(seconds: int, micros: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).isoformat().replace("+00:00", "Z")


@asynccontextmanager
async def jetstream() -> AsyncIterator[Jetstream]:
    """A server on loopback until the end of the block."""
    fake = Jetstream()
    async with serve(fake.handle, "127.0.0.1", 0, process_request=fake.answer, compression="deflate") as server:
        fake.server = server
        yield fake
        for connection in list(fake.live):
            connection.transport.abort()
