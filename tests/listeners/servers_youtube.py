"""A YouTube with threads newest first, replies that move nothing, and a key."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.listeners.servers_api import Asked, Reply

KEY, CHANNEL, VIDEO = "a-key-of-youtube", "UC" + "c" * 22, "v" * 11
START = datetime(2026, 3, 3, 10, tzinfo=UTC)


def at_second(number: int) -> str:
    return (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def comment(name: str, second: int = 0, **more: Any) -> dict[str, Any]:
    snippet = {
        "textDisplay": f"Acme cloud {name}",
        "authorDisplayName": "@jo",
        "authorChannelId": {"value": "UCjo"},
        "videoId": VIDEO,
        "channelId": CHANNEL,
        "publishedAt": at_second(second),
        "updatedAt": at_second(second),
    }
    return {"kind": "youtube#comment", "id": name, "snippet": {**snippet, **more}}


def refusal(status: int, reason: str, message: str = "No.") -> Reply:
    return Reply({"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}, status)


class FakeYouTube:
    """Threads, newest first, each with its replies; of those only the newest two come with the thread."""

    def __init__(self) -> None:
        self.threads: list[tuple[Any, list[dict[str, Any]]]] = []
        self.videos: list[Any] = []
        self.asked: list[Asked] = []
        self.instead: dict[str, Reply] = {}
        self.url = ""

    def write(self, *names: int) -> None:
        for number in names:
            self.threads.insert(0, (comment(f"T{number}", number), []))

    def reply(self, thread: str, *names: str) -> None:
        replies = next(replies for top, replies in self.threads if top["id"] == thread)
        replies += [comment(f"{thread}.{name}", 500, parentId=thread) for name in names]

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        what = asked.path.rpartition("/")[2]
        if what in self.instead:
            return self.instead[what]
        if asked.headers.get("x-goog-api-key") != KEY:
            return Reply({"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}, 400)
        if what == "commentThreads":
            return self._page([self._thread(*thread) for thread in self.threads], asked)
        if what == "search":
            return self._page(self.videos, asked)
        if parent := asked.query.get("parentId"):
            return self._page(next(replies for top, replies in self.threads if top["id"] == parent), asked)
        if {"maxResults", "pageToken"} & set(asked.query):
            return refusal(400, "operationNotSupported", "Not together with id.")
        wanted = asked.query["id"].split(",")
        everything = [one for top, replies in self.threads for one in (top, *replies)]
        return Reply({"items": [one for one in everything if one["id"] in wanted]})

    def _thread(self, top: Any, replies: list[dict[str, Any]]) -> Any:
        if not isinstance(top, dict) or "snippet" not in top:
            return top
        snippet = {"topLevelComment": top, "totalReplyCount": len(replies), "videoId": VIDEO, "channelId": CHANNEL}
        with_replies = {"replies": {"comments": replies[-2:]}} if replies else {}
        return {"kind": "youtube#commentThread", "id": top["id"], "snippet": snippet, **with_replies}

    def _page(self, rows: list[Any], asked: Asked) -> Reply:
        start, size = int(asked.query.get("pageToken", "0")), int(asked.query["maxResults"])
        more = {"nextPageToken": str(start + size)} if start + size < len(rows) else {}
        return Reply({"items": rows[start : start + size], **more})
