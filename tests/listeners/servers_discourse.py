"""A Discourse forum in the small: its newest posts, fifty a page. What `before` means differs between its versions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.listeners.servers_api import Asked, Reply

SECRET, KEY = "the-secret-of-the-webhook", "the-key-of-the-forum"
START = datetime(2026, 3, 3, 10, tzinfo=UTC)


def post(number: int, **more: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    row = {"id": number, "topic_id": 8, "post_number": number, "username": "jo", "user_id": 5, "created_at": at}
    words = {"cooked": f"<p>Acme <b>post</b> {number}</p>", "topic_slug": "help", "topic_title": "Acme help"}
    kind = {"post_type": 1, "topic_archetype": "regular", "hidden": False}
    return {**row, **words, **kind, "version": 1, "reply_to_post_number": None, **more}


class FakeForum:
    """Posts by number, listed newest first, fifty at a time.

    `version` "2026": those below `before`. "2023": the fifty from `before` down, without those that we may not see.
    "2016": of the fifty numbers from `before` down, likewise. `unseen` are the numbers of posts that we may not see.
    """

    def __init__(self) -> None:
        self.posts: dict[int, Any] = {}
        self.more: list[Any] = []
        self.instead: Reply | None = None
        self.key = ""
        self.backwards = False
        self.version = "2026"
        self.unseen: set[int] = set()
        self.asked: list[Asked] = []
        self.url = ""

    def write(self, *numbers: int, **more: Any) -> None:
        self.posts |= {number: post(number, **more) for number in numbers}

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.instead:
            return self.instead
        if self.key and asked.headers.get("api-key") != self.key:
            return Reply({"errors": ["no"]}, 403)
        numbers = self._listed(int(asked.query.get("before", "0")))
        posts = [*(self.more if numbers else []), *(self.posts[number] for number in numbers)]
        return Reply({"latest_posts": posts[::-1] if self.backwards else posts})

    def _listed(self, before: int) -> list[int]:
        everything = sorted({*self.posts, *self.unseen}, reverse=True)
        if self.version == "2026":
            return [number for number in everything if number in self.posts and (not before or number < before)][:50]
        start = before or max(everything, default=0)
        listed = [number for number in everything if number <= start][:50]
        floor = start - 50 if self.version == "2016" else 0
        return [number for number in listed if number in self.posts and number > floor]
