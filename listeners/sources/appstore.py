"""Hears what customers write about apps in Apple's App Store: reviews, their edits, and your own answers.

    [listeners.appstore]
    kind = "appstore"
    apps = ["1234567890"]                       # the number in the app's address: …/id1234567890
    countries = ["de", "at", "ch", "us"]        # without a key: whose stores to read
    # issuer_id = "57246542-96fe-1a63-e053-0824d011072a"      # with a key: own apps, all countries
    # key_id = "2X9R4HXF34"
    # private_key_file = "secrets/AuthKey_2X9R4HXF34.p8"

With a key the reviews of your own apps are read from App Store Connect: of all countries, deletes too, and what you
answered there counts as an answer of the brand. In App Store Connect, Users and Access, Integrations, App Store Connect
API, make a team key with the role Customer Support; note the issuer's and the key's id, download the key. It needs
`pip install 'leitstand[appstore]'`. Some 3,500 requests an hour are allowed; the looks are spread so that they last.

Without a key the public feed is read, for any app: the newest 500 reviews of each country. Apple does not document it:
it may be hours behind, and shows neither answers nor deletes. Do not read an app in both ways: the names differ.

Reviews rarely name the app they are about. A watchlist with `query = "site:apps.apple.com"` hears them all.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners.appstore.connect import Api, App, Key
from listeners.appstore.public import Country
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.reviews import Store, count, hear

ABOUT = About(
    title="App Store",
    summary="Reviews of apps in Apple's App Store: of own apps by key, with answers, or of any app by the public feed.",
    credentials_url="https://appstoreconnect.apple.com/access/integrations/api",
)
_KEYS: Final = ("issuer_id", "key_id", "private_key")

AppId = Annotated[str, Field(pattern=r"^\d{1,15}$")]
CountryCode = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class Settings(ListenerSettings):
    """Which apps, and with what."""

    kind: Literal["appstore"] = Field("appstore", description="appstore")
    apps: list[AppId] = Field(min_length=1, max_length=100, description="Numbers of the apps.")
    countries: list[CountryCode] = Field(
        [], max_length=175, description="Without a key: whose stores to read (de, us)."
    )
    issuer_id: str = Field("", description="The issuer's id, above the list of keys.")
    key_id: str = Field("", description="The key's id.")
    private_key: SecretStr | None = Field(None, description="The key as it was downloaded (AuthKey_….p8).")
    interval: Duration = Field(timedelta(minutes=5), description="The shortest pause between two looks at an app.")
    history: Duration = Field(timedelta(days=7), description="The very first look hears reviews that are younger.")
    api_url: str = Field("https://api.appstoreconnect.apple.com", description="Where App Store Connect's API is.")
    feed_url: str = Field("https://itunes.apple.com", description="Where the public feed is.")
    allow_private: bool = Field(False, description="true: these addresses may be in a private network.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [name for name in _KEYS if getattr(self, name)]
        if given and len(given) < len(_KEYS):
            raise ValueError(f"a key is `issuer_id`, `key_id` and `private_key`; there is only {', '.join(given)}")
        if bool(given) == bool(self.countries):
            raise ValueError("needs a key (for own apps, all countries) or `countries` (for the public feed)")
        return self


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in hear(_stores(settings, fetcher), settings.interval, settings.history, cursors):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for the newest reviews of everything."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        return f"the App Store answers: {await count(_stores(settings, fetcher))} reviews and answers now"


def _stores(settings: Settings, fetcher: Fetcher) -> Mapping[str, Store]:
    if settings.private_key is None:
        base = settings.feed_url.rstrip("/")
        pairs = [(app, country) for app in settings.apps for country in settings.countries]
        return {f"app {app} in {country}": Country(fetcher, base, app, country) for app, country in pairs}
    key = Key(settings.issuer_id, settings.key_id, settings.private_key.get_secret_value())
    api = Api(fetcher, settings.api_url.rstrip("/"), key)
    return {f"app {app}": App(api, app) for app in settings.apps}
