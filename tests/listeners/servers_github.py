"""GitHub in the small: listings sorted by change, with ETags, behind a token."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.listeners.servers_api import Asked, Reply

SECRET, TOKEN, REPOSITORY = "the-secret-of-the-webhook", "the-token", "acme/cloud"
START = datetime(2026, 3, 3, 10, tzinfo=UTC)
SITE = f"https://github.example/{REPOSITORY}"


def at_second(number: int) -> str:
    return (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def issue(number: int, second: int = 0, **more: Any) -> dict[str, Any]:
    row = {"id": 1000 + number, "number": number, "title": f"Acme issue {number}", "body": "It is down"}
    times = {"created_at": at_second(second), "updated_at": at_second(second)}
    return {**row, **times, "html_url": f"{SITE}/issues/{number}", "user": {"login": "jo", "id": 5}, **more}


def comment(number: int, second: int = 0, **more: Any) -> dict[str, Any]:
    row = {"id": number, "body": f"Acme comment {number}", "user": {"login": "jo", "id": 5}}
    times = {"created_at": at_second(second), "updated_at": at_second(second)}
    return {**row, **times, "html_url": f"{SITE}/issues/7#issuecomment-{number}", **more}


class FakeGitHub:
    """Listings sorted by change, from `since` on, with ETags."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {"issues": [], "issues/comments": []}
        self.instead: dict[str, Reply] = {}
        self.asked: list[Asked] = []
        self.url = ""

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        what = asked.path.removeprefix(f"/repos/{REPOSITORY}/")
        if what in self.instead:
            return self.instead[what]
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "Bad credentials"}, 401)
        rows = [
            r for r in self.rows[what] if not isinstance(r, dict) or r.get("updated_at", "") >= asked.query["since"]
        ]
        rows.sort(key=lambda row: row.get("updated_at", "") if isinstance(row, dict) else "")
        start = (int(asked.query["page"]) - 1) * int(asked.query["per_page"])
        page = rows[start : start + int(asked.query["per_page"])]
        etag = hashlib.sha256(json.dumps(page).encode()).hexdigest()
        if asked.headers.get("if-none-match") == f'"{etag}"':
            return Reply("", 304)
        return Reply(page, headers={"ETag": f'"{etag}"'})
