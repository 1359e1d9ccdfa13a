"""A Discourse forum in the small: its newest posts, fifty a page."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.listeners.servers_api import Asked, Reply

SECRET, KEY = "the-secret-of-the-webhook", "the-key-of-the-forum"
START = datetime(2026, 3, 3, 10, tzinfo=UTC)


def post(number: int, **more: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    row = {"id": number, "topic_id": 8, "post_number": number, "username": "jo", "user_id": 5, "created_at": at}
    words = {"cooked": f"<p>Acme <b>post</b> {number}</p>", "topic_slug": "help", "topic_title": "Acme help"}
    return {**row, **words, "version": 1, "reply_to_post_number": None, **more}


class FakeForum:
    """Posts by number, listed newest first, fifty at a time."""

    def __init__(self) -> None:
        self.posts: dict[int, Any] = {}
        self.more: list[Any] = []
        self.instead: Reply | None = None
        self.key = ""
        self.backwards = False
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
        before = int(asked.query.get("before", "1000000"))
        numbers = sorted((number for number in self.posts if number < before), reverse=True)[:50]
        posts = [*(self.more if numbers else []), *(self.posts[number] for number in numbers)]
        return Reply({"latest_posts": posts[::-1] if self.backwards else posts})
