"""Meta's Graph API in the small: listings with cursors, comments below posts, and its ways to say no."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from leitstand import clock
from listeners.hooks import HookRequest
from tests.listeners.servers_api import Asked, Reply

TOKEN, APP_SECRET, VERIFY_TOKEN = "the-access-token", "the-secret-of-the-app", "the-verify-token"
KEYS = {"access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
ACCOUNT = "1000"
START = datetime(2026, 3, 3, 10, tzinfo=UTC)


def at_second(number: int) -> str:
    return (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def asked_of(url: str) -> dict[str, Any]:
    """What a source is told of this API: its keys, where it is, and to look often."""
    return {**KEYS, "api_url": f"{url}/v23.0", "allow_private": True, "interval": "0.02s"}


def refusal(
    code: int, status: int = 400, *, transient: bool = False, subcode: int = 0, headers: dict[str, str] | None = None
) -> Reply:
    error = {"message": "No.", "type": "OAuthException", "code": code, "is_transient": transient}
    error |= {"error_subcode": subcode} if subcode else {}
    return Reply({"error": error}, status, headers or {})


class FakeGraph:
    """Rows by path, newest first. `page` caps what one page holds; `instead` answers a path in another way."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {}
        self.instead: dict[str, Reply] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.page = 100
        self.url = ""

    def add(self, path: str, *rows: Any) -> None:
        """New rows, the last the newest."""
        for row in rows:
            self.rows.setdefault(path, []).insert(0, row)

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        path = asked.path.removeprefix("/v23.0/")
        if path in self.instead:
            return self.instead[path]
        proof = hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
        if asked.headers.get("authorization") != f"Bearer {TOKEN}" or asked.query.get("appsecret_proof") != proof:
            return refusal(190, 401)
        if not path:
            return self._objects(asked.query["ids"].split(","))
        rows = self.rows.get(path, [])
        start, size = int(asked.query.get("after", "0")), min(self.page, int(asked.query["limit"]))
        paging: dict[str, Any] = {"cursors": {"before": "x", "after": str(start + size)}}
        if start + size < len(rows):
            paging["next"] = f"{self.url}/v23.0/{path}?access_token=hidden"
        return Reply({"data": rows[start : start + size], "paging": paging}, headers=self.headers)

    def _objects(self, names: list[str]) -> Reply:
        """Objects by their ids: all of them, or none."""
        there = {row["id"]: row for rows in self.rows.values() for row in rows if isinstance(row, dict) and "id" in row}
        if any(name not in there for name in names):
            return refusal(100, subcode=33)
        return Reply({name: there[name] for name in names})


def signed(body: object, *, secret: str = APP_SECRET) -> HookRequest:
    """A call as Meta signs it: what is not ASCII is escaped."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    mark = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return HookRequest("POST", {"x-hub-signature-256": f"sha256={mark}"}, {}, content, clock.now())


def echo(token: str = VERIFY_TOKEN, mode: str = "subscribe") -> HookRequest:
    """The question with which a webhook is set up."""
    query = {"hub.mode": mode, "hub.challenge": "1158201444", "hub.verify_token": token}
    return HookRequest("GET", {}, query, b"", clock.now())
