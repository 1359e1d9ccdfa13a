"""Hears comments, visitors' posts and mentions of a Facebook page: by webhook at once, by polling what was missed.

    [listeners.facebook]                     # called at https://leitstand.example/hooks/facebook
    kind = "facebook"
    page_id = "1234567890"
    access_token = "${FACEBOOK_PAGE_TOKEN}"
    app_secret = "${FACEBOOK_APP_SECRET}"
    verify_token = "${FACEBOOK_VERIFY_TOKEN}"

Create an app of type Business at developers.facebook.com; its secret is in App settings, Basic. Somebody with the task
Moderate on the page grants it `pages_read_engagement`, `pages_read_user_content`, `pages_manage_metadata` and
`pages_show_list`; from that user's long-lived token comes the page's token (`GET /me/accounts`), which does not expire.
Under Webhooks, Page, subscribe to `feed` and `mention` with the address above and a verify token of your own making
(`openssl rand -hex 32`); then install the app on the page with its token, or no call comes:
`POST /{page-id}/subscribed_apps?subscribed_fields=feed,mention`. The console must be reachable from outside with a
valid certificate. What the page itself writes is the brand's.

Meta drops calls that were not taken for some hours and keeps none. So the page's posts, their comments (of the newest
25) and mentions are also asked for every `interval`: what was missed, edited or removed is heard then. Older posts and
comments of open cases, as far as they are on the page, are looked up again once in `recheck_every`. Near the account's
rate limit the looks become rarer. Facebook tells neither languages nor followers, and not every name.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Literal

from pydantic import Field

from leitstand.plugins import About
from listeners.contract import Batch, Due, nothing_due
from listeners.hooks import HookRequest, Received
from listeners.meta import pages
from listeners.meta.access import MetaSettings
from listeners.meta.again import MOST
from listeners.meta.graph import Graph
from listeners.meta.pages import PagePosts
from listeners.meta.threads import Threads
from listeners.rechecks import looks
from listeners.rounds import posts_now, rounds

ABOUT = About(
    title="Facebook",
    summary="Comments, visitors' posts and mentions of a page.",
    credentials_url="https://developers.facebook.com/apps/",
)


class Settings(MetaSettings):
    """Which page, and with what."""

    kind: Literal["facebook"] = Field("facebook", description="facebook")
    page_id: str = Field(pattern=r"^\d{1,30}$", description="The page's number.")


def receive(settings: Settings, request: HookRequest) -> Received:
    """The changes of one call, or the echo that sets the webhook up."""
    return settings.received(request, "page", partial(pages.read, settings.page_id))


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with settings.graph() as graph:
        look_up = pages.looking(graph, settings.page_id).look_up
        async for batch in rounds([*_parts(settings, graph, cursors), *looks(due, look_up, MOST)]):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for everything."""
    async with settings.graph() as graph:
        return f"Facebook answers: {await posts_now(_parts(settings, graph, {}))} posts now"


def _parts(settings: Settings, graph: Graph, cursors: Mapping[str, str]) -> list[Threads]:
    return settings.threads((PagePosts(graph, settings.page_id, path) for path in ("feed", "tagged")), cursors)
