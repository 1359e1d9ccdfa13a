"""Hears comments on the media of an Instagram account, and media it is tagged in: by webhook, polling what was missed.

    [listeners.instagram]                    # called at https://leitstand.example/hooks/instagram
    kind = "instagram"
    account_id = "17841400000000000"
    access_token = "${INSTAGRAM_TOKEN}"
    app_secret = "${INSTAGRAM_APP_SECRET}"
    verify_token = "${INSTAGRAM_VERIFY_TOKEN}"

The account must be a professional one, linked to a Facebook page. Create an app of type Business at
developers.facebook.com; its secret is in App settings, Basic. The page's long-lived token needs `instagram_basic`,
`instagram_manage_comments`, `pages_manage_metadata`, `pages_read_engagement` and `pages_show_list`;
`GET /{page-id}?fields=instagram_business_account` tells the account's number. Live webhooks need Advanced Access, for
which Meta verifies the business. Under Webhooks, Instagram, subscribe to `comments` and `live_comments` with the
address above and a verify token of your own making (`openssl rand -hex 32`); then install the app on the page with its
token, or no call comes: `POST /{page-id}/subscribed_apps?subscribed_fields=feed`. What the account itself writes is the
brand's.

Meta tells neither edits nor deletes of comments and drops calls that were not taken for some hours: so the media, the
comments of the newest 25 and their replies, and the media the account is tagged in are asked for every `interval`.
Older comments of open cases are looked up again once in `recheck_every`.
A mention in other people's captions and comments comes without its words and is not heard. Instagram tells neither
languages nor followers.

With a token of Instagram Login (it needs `instagram_business_basic` and `instagram_business_manage_comments`) set
`api_url` to `https://graph.instagram.com/v23.0`, take the Instagram app's secret, and install the app by
`POST /me/subscribed_apps?subscribed_fields=comments,live_comments`. Such a token ends after 60 days if nobody renews
it.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Literal

from pydantic import Field

from leitstand.plugins import About
from listeners.contract import Batch, Due, nothing_due
from listeners.hooks import HookRequest, Received
from listeners.meta import media
from listeners.meta.access import MetaSettings
from listeners.meta.again import MOST
from listeners.meta.graph import Graph
from listeners.meta.media import AccountMedia
from listeners.meta.threads import Threads
from listeners.rechecks import looks
from listeners.rounds import posts_now, rounds

ABOUT = About(
    title="Instagram",
    summary="Comments on an account's media, and media it is tagged in.",
    credentials_url="https://developers.facebook.com/apps/",
)


class Settings(MetaSettings):
    """Which account, and with what."""

    kind: Literal["instagram"] = Field("instagram", description="instagram")
    account_id: str = Field(pattern=r"^\d{1,30}$", description="The professional account's number.")


def receive(settings: Settings, request: HookRequest) -> Received:
    """The comments of one call, or the echo that sets the webhook up."""
    return settings.received(request, "instagram", partial(media.read, settings.account_id))


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with settings.graph() as graph:
        look_up = media.looking(graph, settings.account_id).look_up
        async for batch in rounds([*_parts(settings, graph, cursors), *looks(due, look_up, MOST)]):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for everything."""
    async with settings.graph() as graph:
        return f"Instagram answers: {await posts_now(_parts(settings, graph, {}))} posts now"


def _parts(settings: Settings, graph: Graph, cursors: Mapping[str, str]) -> list[Threads]:
    return settings.threads((AccountMedia(graph, settings.account_id, path) for path in ("media", "tags")), cursors)
