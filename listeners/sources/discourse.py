"""Hears a Discourse forum: every post by webhook at once, by polling what was missed.

    [listeners.forum]                        # called at https://leitstand.example/hooks/forum
    kind = "discourse"
    url = "https://forum.example"
    secret = "${FORUM_WEBHOOK_SECRET}"
    # api_key = "${FORUM_API_KEY}"           # only for a forum that not everybody may read
    # api_username = "leitstand"

Make the secret yourself, as any token (`openssl rand -hex 32`). In the forum's Admin, API, Webhooks add one: payload
URL as above, the secret, content type `application/json`, the event Post; of categories that only some may read, leave
out those that nobody is to hear of here. Messages between users, whispers of the staff and the forum's own notes are
never heard. Without `secret` only polling is done; it works with forums of others as well, as far as they may be read
by everybody.

The newest posts are asked for every `interval`, back to a known one: what the webhook missed, edits and deletes among
the newest fifty. The key is made under Admin, API, Keys: granular, with the right to read topics and posts.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from leitstand.errors import HookRefusedError
from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.contract import Batch
from listeners.discourse.latest import Latest
from listeners.discourse.posts import Forum, read
from listeners.fetch import Fetcher, Limits
from listeners.hooks import HookRequest, Received
from listeners.rounds import rounds

ABOUT = About(title="Discourse", summary="The posts of a Discourse forum.")


class Settings(ListenerSettings):
    """Which forum, and with what."""

    kind: Literal["discourse"] = Field("discourse", description="discourse")
    url: str = Field(pattern=r"^https?://[^\s/]+(/\S*)?$", description="The forum's address.")
    secret: SecretStr | None = Field(
        None, description="The webhook's secret: at least 16 characters, made by yourself."
    )
    api_key: SecretStr | None = Field(None, description="A key of the forum's API that may read.")
    api_username: str = Field("system", description="The user whose key it is.")
    interval: Duration = Field(timedelta(minutes=2), description="The pause between two looks.")
    allow_private: bool = Field(False, description="true: this address may be in a private network.")

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        hooks.long_enough(self.secret)
        return self


def receive(settings: Settings, request: HookRequest) -> Received:
    """The post of one call."""
    if settings.secret is None:
        raise HookRefusedError("this listener has no secret: it only polls", 404)
    if request.method != "POST":
        raise HookRefusedError("Discourse calls by POST", 405)
    hooks.check_signature(settings.secret, request, "x-discourse-event-signature")
    return read(request, Forum(settings.url.rstrip("/")))


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in rounds([_part(settings, fetcher, cursors.get("latest", ""))]):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for the newest posts."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        batch = await _part(settings, fetcher, "").look()
    return f"the forum answers: {len(batch.mentions)} posts now"


def _part(settings: Settings, fetcher: Fetcher, cursor: str) -> Latest:
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    every = settings.interval.total_seconds()
    return Latest("latest", fetcher, Forum(settings.url.rstrip("/")), key, settings.api_username, every, cursor)
