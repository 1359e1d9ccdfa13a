"""Hears what customers write about your apps on Google Play: reviews, their edits, and your own answers.

    [listeners.googleplay]
    kind = "googleplay"
    apps = ["com.example.acme"]                  # package names
    key = "${GOOGLE_PLAY_KEY}"                   # or key_file = "secrets/play.json"

In the Google Cloud console make a project, enable "Google Play Android Developer API" in it, make a service account and
for that a key (JSON), which is downloaded: `key_file`. In the Play Console, Users and permissions, invite the service
account's address with the permission "Reply to reviews" for the apps. It takes up to a day until Google lets it in.
Needs `pip install 'leitstand[googleplay]'`.

Google shows the reviews of the last seven days that have words, and only of your own apps; while the daemon is away for
longer, older ones are missed. An app may be asked 200 times an hour: set `quota` lower to leave some to others. What
you answered, here or in the Play Console, counts as an answer of the brand.

Reviews rarely name the app they are about. A watchlist with `query = "site:play.google.com"` hears them all.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.googleplay.api import Api, Quota
from listeners.googleplay.listing import App
from listeners.reviews import count, hear

ABOUT = About(
    title="Google Play",
    summary="Reviews of your apps on Google Play, with what you answered.",
    credentials_url="https://console.cloud.google.com/iam-admin/serviceaccounts",
    extra="googleplay",
)

Package = Annotated[str, Field(pattern=r"^[A-Za-z]\w*(\.[A-Za-z]\w*)+$", max_length=200)]


class Settings(ListenerSettings):
    """Which apps, and with what."""

    kind: Literal["googleplay"] = Field("googleplay", description="googleplay")
    apps: list[Package] = Field(min_length=1, max_length=100, description="Package names of own apps.")
    key: SecretStr = Field(description="The service account's key, the JSON file as it was downloaded.")
    interval: Duration = Field(timedelta(minutes=5), description="The shortest pause between two looks at an app.")
    history: Duration = Field(timedelta(days=7), description="The very first look hears reviews that are younger.")
    quota: int = Field(200, ge=1, description="Requests an hour and app that may be used.")
    api_url: str = Field("https://androidpublisher.googleapis.com", description="Where the API is.")
    login_url: str = Field("https://oauth2.googleapis.com/token", description="Where tokens are issued.")
    allow_private: bool = Field(False, description="true: these addresses may be in a private network.")


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in hear(_stores(settings, fetcher), settings.interval, settings.history, cursors):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for the newest reviews of each app."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        return f"Google Play answers: {await count(_stores(settings, fetcher))} reviews and answers now"


def _stores(settings: Settings, fetcher: Fetcher) -> dict[str, App]:
    api = Api(fetcher, settings.api_url.rstrip("/"), settings.login_url, settings.key.get_secret_value())
    return {f"app {package}": App(api, package, Quota(settings.quota)) for package in settings.apps}
