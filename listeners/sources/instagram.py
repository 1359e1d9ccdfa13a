"""Hears comments on the media of an Instagram account, and media it is tagged in: by webhook, polling what was missed.

    [listeners.instagram]                    # called at https://leitstand.example/hooks/instagram
    kind = "instagram"
    account_id = "17841400000000000"
    access_token = "${INSTAGRAM_TOKEN}"
    app_secret = "${INSTAGRAM_APP_SECRET}"
    verify_token = "${INSTAGRAM_VERIFY_TOKEN}"

The account must be a professional one, linked to a Facebook page. Create an app of type Business at
developers.facebook.com; its secret is in App settings, Basic. The page's long-lived token needs `instagram_basic`,
`instagram_manage_comments` and `pages_read_engagement`; `GET /{page-id}?fields=instagram_business_account` tells the
account's number. Live webhooks need Advanced Access, for which Meta verifies the business. Under Webhooks, Instagram,
subscribe to `comments` and `live_comments` with the address above and a verify token of your own making
(`openssl rand -hex 32`).

Meta tells neither edits nor deletes of comments and drops calls that were not taken for some hours: so the media, the
comments of the newest 25 and their replies, and the media the account is tagged in are asked for every `interval`.
A mention in other people's captions and comments comes without its words and is not heard. Instagram tells neither
languages nor followers. With a token of Instagram Login set `api_url` to `https://graph.instagram.com/v23.0`.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.hooks import HookRequest, Received
from listeners.meta import callbacks, media
from listeners.meta.graph import Graph
from listeners.meta.media import AccountMedia
from listeners.meta.threads import Threads
from listeners.rounds import rounds

ABOUT = About(
    title="Instagram",
    summary="Comments on an account's media, and media it is tagged in.",
    credentials_url="https://developers.facebook.com/apps/",
)


class Settings(ListenerSettings):
    """Which account, and with what."""

    kind: Literal["instagram"] = Field("instagram", description="instagram")
    account_id: str = Field(pattern=r"^\d{1,30}$", description="The professional account's number.")
    access_token: SecretStr = Field(description="The access token.")
    app_secret: SecretStr = Field(description="The app's secret: calls are signed with it.")
    verify_token: SecretStr = Field(description="Of your own making, at least 16 characters: sets up the webhook.")
    interval: Duration = Field(timedelta(minutes=5), description="The pause between two looks.")
    api_url: str = Field("https://graph.facebook.com/v23.0", description="Where the API is, with its version.")
    allow_private: bool = Field(False, description="true: this address may be in a private network.")

    _verify_token = field_validator("verify_token")(hooks.long_enough)


def receive(settings: Settings, request: HookRequest) -> Received:
    """The comments of one call, or the echo that sets the webhook up."""
    if request.method == "GET":
        return callbacks.echo(settings.verify_token, request)
    rejected: list[str] = []
    return media.read(callbacks.changes(settings.app_secret, request, "instagram", rejected), request, rejected)


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in rounds(_parts(settings, fetcher, cursors)):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for everything."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        batches = [await part.look() for part in _parts(settings, fetcher, {})]
    return f"Instagram answers: {sum(len(batch.mentions) for batch in batches)} posts now"


def _parts(settings: Settings, fetcher: Fetcher, cursors: Mapping[str, str]) -> list[Threads]:
    token, secret = settings.access_token.get_secret_value(), settings.app_secret.get_secret_value()
    graph = Graph(fetcher, settings.api_url.rstrip("/"), token, secret)
    every = settings.interval.total_seconds()
    return [
        Threads(path, AccountMedia(graph, settings.account_id, path), every, cursors.get(path, ""), every)
        for path in ("media", "tags")
    ]
