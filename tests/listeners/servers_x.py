"""X: rules, the filtered stream, the recent search and mentions, with its refusals, limits and lies."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from leitstand import clock
from listeners.x.posts import number_at
from tests.listeners.servers_raw import Request, Talk, serving

TOKEN = "a-good-token"
Json = dict[str, object]
PROBLEM = "https://api.x.com/2/problems/"
CAPPED: Json = {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap", "period": "Monthly",
                "type": f"{PROBLEM}usage-capped"}  # fmt: skip
NO_CREDITS: Json = {"title": "CreditsDepleted", "type": f"{PROBLEM}credits",
                    "detail": "Your enrolled account does not have any credits to fulfill this request."}  # fmt: skip
TOO_MANY: Json = {"title": "ConnectionException", "detail": "This stream is at the maximum allowed connection",
                  "connection_issue": "TooManyConnections", "type": f"{PROBLEM}streaming-connection"}  # fmt: skip
DISCONNECT: Json = {"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect",
                                "detail": "This stream has been disconnected upstream for operational reasons.",
                                "type": f"{PROBLEM}operational-disconnect"}]}  # fmt: skip
USER: Json = {"id": "7", "username": "anna", "name": "Anna", "public_metrics": {"followers_count": 1200}}


@dataclass
class Ending:
    """How a stream ends: after so many lines; "close", "abort", "notice" (X says so first) or "silent"."""

    after: int
    how: str = "close"


@dataclass
class X:
    """`refusals` and `faults` are answers that the next streams and the next other calls get instead."""

    posts: list[Json] = field(default_factory=list)
    late: list[Json] = field(default_factory=list)  # not yet in the search
    mentioning: list[Json] = field(default_factory=list)
    rules: list[dict[str, str]] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    refusals: list[tuple[int, Json, dict[str, str]]] = field(default_factory=list)
    faults: list[tuple[int, Json, dict[str, str]]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    streams: list[asyncio.Queue[bytes]] = field(default_factory=list)
    search_faults: list[tuple[int, Json, dict[str, str]]] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    look_up_faults: list[tuple[int, Json, dict[str, str]]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  # of authors that nobody may read now
    url: str = ""
    max_streams: int = 0

    def id(self, n: int) -> str:
        """The number of the n-th post, which tells when it was first spoken of."""
        return str(self.numbers.setdefault(n, number_at(clock.now()) + n))

    def make(self, n: int, words: str = "acme is down", **more: object) -> Json:
        """A post of the shape of a recorded one."""
        return {
            "id": self.id(n), "text": f"{words} {n} ☁ größer", "author_id": "7", "lang": "en",
            "created_at": "2026-03-02T11:00:00.000Z", "conversation_id": self.id(n),
            "edit_history_tweet_ids": [self.id(n)], **more,
        }  # fmt: skip

    def post(self, *posts: Json) -> None:
        """New posts: searchable, and on all open streams."""
        for one in posts:
            self.posts.append(one)
            rules = [{"id": "1", "tag": "leitstand:a"}, {"id": "2"}]
            self.tell({"data": one, "includes": {"users": [USER]}, "matching_rules": rules, "new_field": 1})

    def tell(self, line: object) -> None:
        """A line on all open streams."""
        raw = line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
        for stream in self.streams:
            stream.put_nowait(raw + b"\r\n")

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{request.method} {request.path.removeprefix('/2/')}" for request in self.asked]

    async def handle(self, request: Request, talk: Talk) -> None:
        """Answer one request."""
        self.asked.append(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return await talk.answer(401, {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank"})
        if request.path == "/2/tweets/search/stream":
            return await self._stream(talk)
        if self.faults:
            code, body, headers = self.faults.pop(0)
            return await talk.answer(code, body, headers)
        if request.path == "/2/tweets":
            return await self._look_up(request, talk)
        if request.path.endswith("/rules"):
            return await self._rules(request, talk)
        if request.path.endswith("/mentions"):
            return await self._page(request, talk, self.mentioning, "pagination_token")
        if self.search_faults:
            code, body, headers = self.search_faults.pop(0)
            return await talk.answer(code, body, headers)
        return await self._page(request, talk, self.posts, "next_token")

    async def _look_up(self, request: Request, talk: Talk) -> None:
        """Each version of a post as it was, with all versions that there are by now."""
        if self.look_up_faults:
            code, body, headers = self.look_up_faults.pop(0)
            return await talk.answer(code, body, headers)
        asked = request.one("ids").split(",")
        histories = [one["edit_history_tweet_ids"] for one in self.posts]
        found, errors = [], []
        for number in asked:
            kind = "resource-not-found" if number in self.gone else "not-authorized-for-resource"
            if number in self.gone | self.hidden:
                errors.append({"resource_id": number, "parameter": "ids", "resource_type": "tweet",
                               "title": "Error", "detail": f"not {number}", "type": PROBLEM + kind})  # fmt: skip
                continue
            history = max((h for h in histories if isinstance(h, list) and number in h), key=len)
            found += [one | {"edit_history_tweet_ids": history} for one in self.posts if one["id"] == number]
        told: Json = {"data": found, "includes": {"users": [USER]}} if found else {}
        await talk.answer(200, {**told, "errors": errors} if errors else told)
        return None

    async def _rules(self, request: Request, talk: Talk) -> None:
        if request.method == "GET":
            return await talk.answer(200, {"data": self.rules, "meta": {"result_count": len(self.rules)}})
        asked = json.loads(request.body)
        for rule in asked.get("add", []):
            if len(rule["value"]) > 1024 or rule["value"].endswith("("):
                problem = {"title": "UnprocessableEntity", "details": [f"{rule['value'][:20]} is not valid"],
                           "value": rule["value"], "type": f"{PROBLEM}invalid-rules"}  # fmt: skip
                return await talk.answer(200, {"errors": [problem], "meta": {"summary": {"created": 0}}})
            if held := [known["id"] for known in self.rules if known["value"] == rule["value"]]:
                problem = {"title": "DuplicateRule", "value": rule["value"], "id": held[0],
                           "type": f"{PROBLEM}duplicate-rules"}  # fmt: skip
                return await talk.answer(200, {"errors": [problem], "meta": {"summary": {"created": 0}}})
        if request.one("dry_run") != "true":
            gone = asked.get("delete", {}).get("ids", [])
            self.rules = [rule for rule in self.rules if rule["id"] not in gone]
            self.rules += [{"id": f"r{len(self.asked)}{i}", **rule} for i, rule in enumerate(asked.get("add", []))]
        await talk.answer(201, {"meta": {"summary": {"created": len(asked.get("add", []))}}})
        return None

    async def _page(self, request: Request, talk: Talk, items: list[Json], paging: str) -> None:
        since, size, start = int(request.one("since_id") or 0), int(request.one("max_results")), 0
        hidden = {str(one["id"]) for one in self.late}
        found = [one for one in items if int(str(one["id"])) > since and one["id"] not in hidden]
        found.sort(key=lambda one: -int(str(one["id"])))
        if token := request.one(paging):
            start = int(token)
        page = found[start : start + size]
        meta: Json = {"result_count": len(page)}
        more: Json = {"next_token": str(start + size)} if len(found) > start + size else {}
        newest: Json = {"newest_id": page[0]["id"]} if page else {}
        body: Json = {"data": page, "includes": {"users": [USER]}} if page else {}
        await talk.answer(200, {**body, "meta": meta | more | newest})
        self.late = []

    async def _stream(self, talk: Talk) -> None:
        if self.refusals:
            code, body, headers = self.refusals.pop(0)
            return await talk.answer(code, body, headers)
        if not self.rules:
            return await talk.answer(409, {"title": "RulesConfigurationIssue", "detail": "No rules are configured"})
        ending = self.endings.pop(0) if self.endings else Ending(10**9)
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        await talk.begin(kind="application/json")
        await talk.send(b"\r\n")
        self.streams.append(queue)
        self.max_streams = max(self.max_streams, len(self.streams))
        try:
            for _ in range(ending.after):
                await talk.send(await talk.next_of(queue) + b"\r\n")
        finally:
            self.streams.remove(queue)
        await self._end(talk, ending.how)
        return None

    async def _end(self, talk: Talk, how: str) -> None:
        if how == "silent":
            await talk.gone.wait()
        elif how == "abort":
            talk.abort()
        else:
            if how == "notice":
                await talk.send(json.dumps(DISCONNECT).encode() + b"\r\n")
            await talk.close()


@asynccontextmanager
async def x(*, cut: random.Random | None = None) -> AsyncIterator[X]:
    """X on loopback until the end of the block."""
    fake = X()
    async with serving(fake.handle, cut) as url:
        fake.url = url
        yield fake
