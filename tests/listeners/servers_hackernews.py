"""A Hacker News whose items come by number, and whose search is as far as `indexed`."""

import re
from typing import Any

from tests.listeners.servers_api import Asked, Reply

START = 1_772_532_000


class FakeHackerNews:
    """Items by number, and the search over them, up to `indexed`."""

    def __init__(self) -> None:
        self.items: dict[int, Any] = {}
        self.newest, self.indexed = 0, 10**9
        self.updates: list[int] = []
        self.asked: list[str] = []
        self.instead: dict[str, Reply] = {}
        self.url = ""

    def write(self, number: int, *, parent: int = 0, **more: Any) -> None:
        kind = {"type": "comment", "parent": parent} if parent else {"type": "story", "title": f"Story {number}"}
        self.items[number] = {
            "id": number, "by": "jo", "time": START + number, "text": f"Acme cloud {number}", **kind, **more,
        }  # fmt: skip
        self.newest = max(self.newest, number)

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        if asked.path in self.instead:
            return self.instead[asked.path]
        if asked.path == "/v0/maxitem.json":
            return Reply(self.newest)
        if asked.path == "/v0/updates.json":
            return Reply({"items": self.updates, "profiles": []})
        if found := re.fullmatch(r"/v0/item/(\d+)\.json", asked.path):
            return Reply(self.items.get(int(found[1])))
        if asked.path == "/api/v1/search_by_date":
            return self._search(asked)
        return Reply("", 404)

    def _search(self, asked: Asked) -> Reply:
        bounds = dict(re.findall(r"created_at_i(>=|<)(\d+)", asked.query.get("numericFilters", "")))
        word = asked.query.get("query", "").strip('"')
        found = [
            item
            for number, item in self.items.items()
            if number <= self.indexed
            and int(bounds.get(">=", 0)) <= item["time"] < int(bounds.get("<", 10**12))
            and word.lower() in f"{item.get('title')} {item['text']}".lower()
        ]
        found.sort(key=lambda item: (-item["time"], -item["id"]))
        return Reply({"hits": [self._hit(item) for item in found[: min(1000, int(asked.query["hitsPerPage"]))]]})

    def _hit(self, item: dict[str, Any]) -> dict[str, Any]:
        text = (
            {"comment_text": item["text"]} if "parent" in item else {"story_text": item["text"], "title": item["title"]}
        )
        return {
            "objectID": str(item["id"]), "author": item["by"], "created_at_i": item["time"], **text,
            "parent_id": item.get("parent"), "story_id": 1 if "parent" in item else item["id"],
        }  # fmt: skip
