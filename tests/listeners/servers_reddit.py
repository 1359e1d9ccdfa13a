"""A Reddit that lists newest first, a thousand at most, in pages with anchors, behind tokens."""

from base64 import b64encode
from typing import Any

from tests.listeners.servers_api import Asked, Reply

ID, SECRET = "p0123", "a-secret-of-reddit"


def submission(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"t3_s{number}",
        "created_utc": 1_772_532_000.0 + number,
        "permalink": f"/r/acme/comments/s{number}/a_title/",
        "author": "jo",
        "author_fullname": "t2_jo",
        "title": f"Acme cloud {number}",
        "selftext": "It is down",
        "selftext_html": '<div class="md"><p>It is <a href="https://status.example/">down</a></p></div>',
        "is_self": True,
        "edited": False,
        **more,
    }


def comment(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"t1_c{number}",
        "created_utc": 1_772_532_000.0 + number,
        "permalink": f"/r/acme/comments/s1/a_title/c{number}/",
        "author": "jo",
        "author_fullname": "t2_jo",
        "body": "Same here",
        "body_html": "<p>Same here</p>",
        "link_id": "t3_s1",
        "parent_id": "t3_s1",
        "edited": False,
        **more,
    }


class FakeReddit:
    """Listings, newest first, with `after`; /api/info; tokens. What it answers instead goes into `instead`."""

    def __init__(self) -> None:
        self.listings: dict[str, list[Any]] = {"/r/acme/new": [], "/r/acme/comments": []}
        self.tokens, self.asked = 0, list[Asked]()
        self.instead: dict[str, Reply] = {}
        self.headers: dict[str, str] = {"x-ratelimit-remaining": "99.0", "x-ratelimit-reset": "60"}
        self.url = ""

    def post(self, *things: Any, path: str = "/r/acme/new") -> None:
        """Newer than all before it."""
        for thing in things:
            self.listings[path].insert(0, thing)

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.path in self.instead:
            return self.instead[asked.path]
        if asked.path == "/api/v1/access_token":
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        if asked.path == "/api/info":
            return self._listing(self._info(asked.query["id"].split(",")))
        if asked.path in self.listings:
            return self._page(self.listings[asked.path], asked)
        return Reply({"message": "Not Found", "error": 404}, 404)

    def _token(self, asked: Asked) -> Reply:
        login = b64encode(f"{ID}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {login}" or "acme-watch" not in asked.headers["user-agent"]:
            return Reply({"message": "Unauthorized", "error": 401}, 401)
        self.tokens += 1
        return Reply({"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 86400})

    def _info(self, names: list[str]) -> list[Any]:
        everything = [thing for listing in self.listings.values() for thing in listing if isinstance(thing, dict)]
        return [thing for thing in everything if thing.get("name") in names]

    def _page(self, things: list[Any], asked: Asked) -> Reply:
        listed, start = things[:1000], 0
        if after := asked.query.get("after"):
            places = [n for n, thing in enumerate(listed) if isinstance(thing, dict) and thing["name"] == after]
            if not places:
                return self._listing([])
            start = places[0] + 1
        end = start + int(asked.query["limit"])
        more = listed[end - 1]["name"] if end < len(listed) else None
        return self._listing(listed[start:end], more)

    def _listing(self, things: list[Any], after: str | None = None) -> Reply:
        children = [{"kind": "t3", "data": t} if isinstance(t, dict) else t for t in things]
        return Reply({"kind": "Listing", "data": {"children": children, "after": after}}, headers=self.headers)
