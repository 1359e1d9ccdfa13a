"""An instance of Mastodon: streams without a memory, timelines with pages, limits, and faults on demand."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.listeners.servers_raw import Request, Talk, serving

START_MS = 1_760_000_000_000
TOKEN = "a-good-token"
Status = dict[str, object]


def number(n: int) -> str:
    """Numbers that tell the time, as Mastodon's do."""
    return str((START_MS + n * 5000) << 16)


def status(n: int, words: str = "acme is down", **more: object) -> Status:
    """A status of the shape of a recorded one."""
    return {
        "id": number(n),
        "created_at": "2025-10-09T08:53:20.000Z",
        "in_reply_to_id": None,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://far.example/users/anna/statuses/{n:04}",
        "url": f"https://far.example/@anna/{n:04}",
        "edited_at": None,
        "content": f"<p>{words} {n} ☁ größer</p>",
        "reblog": None,
        "account": {"id": "7", "acct": "anna@far.example", "display_name": "Anna", "uri": "https://far.example/users/anna"},
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "quote": None,
        **more,
    }  # fmt: skip


@dataclass
class Ending:
    """How a stream ends: after so many events; "close", "abort", or "silent"."""

    after: int
    how: str = "close"


@dataclass
class Mastodon:
    """`refusals` are the statuses with which the next streams are refused; `limits` go with the next pages."""

    timeline: list[Status] = field(default_factory=list)
    notifications: list[dict[str, object]] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    limits: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    streams: list[asyncio.Queue[bytes]] = field(default_factory=list)
    old: bool = False  # it has the first version of its description alone
    unknown_kinds: set[str] = field(default_factory=set)  # of notifications
    out_of_its_mind: bool = False  # nothing is there, it says of everything
    url: str = ""
    streaming: str = ""

    def post(self, *statuses: Status) -> None:
        """New statuses: into the timeline and to whoever is listening."""
        for one in statuses:
            self.timeline.append(one)
            self.tell("update", json.dumps(one, ensure_ascii=False))

    def notify(self, n: int, one: Status, kind: str = "mention") -> None:
        """A notification of the token's account."""
        said: dict[str, object] = {"id": str(n), "type": kind, "status": one}
        self.notifications.append(said)
        self.tell("notification", json.dumps(said, ensure_ascii=False))

    def tell(self, event: str, data: str) -> None:
        """An event on all open streams."""
        for stream in self.streams:
            stream.put_nowait(f"event: {event}\ndata: {data}\n\n".encode())

    async def handle(self, request: Request, talk: Talk) -> None:
        """Answer one request."""
        self.asked.append(request)
        if self.out_of_its_mind:
            return await talk.answer(404, {"error": "Record not found"})
        if request.path == "/api/v1/instance":
            return await talk.answer(200, {"title": "Far", "urls": {"streaming_api": self.streaming}})
        if request.path == "/api/v2/instance" and self.old:
            return await talk.answer(404, {"error": "Not Found"})
        if request.path == "/api/v2/instance":
            return await talk.answer(200, {"title": "Far", "configuration": {"urls": {"streaming": self.streaming}}})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return await talk.answer(401, {"error": "The access token is invalid"})
        if request.path.startswith("/api/v1/streaming/"):
            return await self._stream(talk)
        if self.limits:
            code, headers = self.limits.pop(0)
            if code != 200:
                return await talk.answer(code, {"error": "Too many requests"}, headers)
            return await self._page(request, talk, headers)
        if request.path.startswith("/api/v1/statuses/"):
            found = [one for one in self.timeline if one["id"] == request.path.rpartition("/")[2]]
            return await talk.answer(200 if found else 404, found[0] if found else {"error": "Record not found"})
        return await self._page(request, talk, {})

    async def _page(self, request: Request, talk: Talk, headers: dict[str, str]) -> None:
        items = self._notified(request) if request.path.endswith("notifications") else self.timeline
        ordered = sorted(items, key=lambda one: int(str(one["id"])))
        limit = int(request.one("limit") or 20)
        if above := request.one("min_id"):
            page = [one for one in ordered if int(str(one["id"])) > int(above)][:limit]
        else:
            page = ordered[-limit:]
        if page:
            path = f"{self.url}{request.path}"
            headers = {
                "link": f'<{path}?max_id={page[0]["id"]}>; rel="next", <{path}?min_id={page[-1]["id"]}>; rel="prev"',
                **headers,
            }
        await talk.answer(200, page[::-1], headers)

    def _notified(self, request: Request) -> list[dict[str, object]]:
        """Those of the kinds that are asked for; an older server passes over kinds that it does not know."""
        wanted = set(request.query.get("types[]", [])) - self.unknown_kinds
        return [one for one in self.notifications if not wanted or one["type"] in wanted]

    async def _stream(self, talk: Talk) -> None:
        if self.refusals:
            await talk.answer(self.refusals.pop(0), {"error": "no"})
            return
        ending = self.endings.pop(0) if self.endings else Ending(10**9)
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        await talk.begin()
        await talk.send(b":)\n:thump\n")
        self.streams.append(queue)
        try:
            for _ in range(ending.after):
                await talk.send(await talk.next_of(queue) + b":thump\n")
        finally:
            self.streams.remove(queue)
        if ending.how == "close":
            await talk.close()
        elif ending.how == "abort":
            talk.abort()
        else:
            await talk.gone.wait()


@asynccontextmanager
async def mastodon(*, cut: random.Random | None = None) -> AsyncIterator[Mastodon]:
    """An instance on loopback until the end of the block."""
    fake = Mastodon()
    async with serving(fake.handle, cut) as url:
        fake.url = url
        yield fake
