"""Hears Mastodon and servers that speak its API: hashtags, mentions of an account, timelines. Edits and deletes too.

    [listeners.mastodon]
    kind = "mastodon"
    urls = ["https://mastodon.example"]
    tokens = ["${LEITSTAND_MASTODON_TOKEN}"]      # one for each url, in the same order
    hashtags = ["acme", "acmecloud"]

On the instance, as an account made for this purpose: Preferences → Development → New application, scope `read`; the
page then shows "Your access token". The account must have no filters, mutes, blocks or chosen languages: the instance
leaves out of the stream whatever it hides from the account.

An instance only sends what it knows of; name several that are well connected. There is no filter for words, so a brand
that is not written as a hashtag is heard only in `mentions` (and quotes) and, where the volume is bearable, with
`streams = ["public"]`.

The stream is paired with the timelines: after every interruption, what was missed is fetched from them. Instances allow
about 300 requests in five minutes; Leitstand waits before that is used up.

Edits and deletes come with the stream only. So every post of an open case is looked up again once in `recheck_every`,
one request each: what was changed or taken away while nobody listened is heard then.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from functools import partial
from typing import Annotated, Final, Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import rechecks
from listeners.contract import Batch, Due, nothing_due
from listeners.fetch import Fetcher, Limits
from listeners.mastodon import again
from listeners.mastodon.instance import STALL, Instance, client
from listeners.mastodon.part import Ear, Place, hear
from listeners.mastodon.statuses import Known
from listeners.streams import together

ABOUT = About(
    title="Mastodon",
    summary="Hashtags, mentions and timelines of instances, by streaming, gaps filled from the timelines.",
    credentials_url="https://docs.joinmastodon.org/client/token/",
)

Tag = Annotated[str, Field(pattern=r"^#?[^\s#/?&]{1,100}$")]
Stream = Literal["mentions", "home", "public", "public/local", "public/remote"]


class Settings(ListenerSettings):
    """Which instances, and what of them."""

    kind: Literal["mastodon"] = Field("mastodon", description="mastodon")
    urls: list[Annotated[str, Field(pattern=r"^https?://[^/\s]\S*$")]] = Field(
        min_length=1, max_length=50, description="https://… of each instance."
    )
    tokens: list[SecretStr] = Field(description="An access token with the scope `read` for each instance, in order.")
    hashtags: list[Tag] = Field([], max_length=200, description="Posts with these, with or without the #.")
    streams: list[Stream] = Field(
        ["mentions"],
        description=(
            "mentions of the token's account, and quotes of its posts; home: whom it follows; public, public/local,"
            " public/remote: all."
        ),
    )
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a post of an open case is looked up again; 0s: never."
    )
    allow_private: bool = Field(False, description="true: the instance may be at an address of the inner network.")

    @field_validator("urls")
    @classmethod
    def _bare(cls, urls: list[str]) -> list[str]:
        return [url.rstrip("/") for url in urls]

    @model_validator(mode="after")
    def _a_token_each(self) -> Self:
        if len(self.tokens) != len(self.urls):
            raise ValueError(f"there are {len(self.urls)} urls and {len(self.tokens)} tokens: each url needs its own")
        return self


_STREAMS: Final[Mapping[str, Place]] = {
    "mentions": Place("mentions", "user", "/api/v1/notifications?types[]=mention&types[]=quote", news="notification"),
    "home": Place("home", "user", "/api/v1/timelines/home"),
    "public": Place("public", "public", "/api/v1/timelines/public", threads=False),
    "public/local": Place(
        "public/local", "public/local", "/api/v1/timelines/public", timeline_params={"local": "true"}, threads=False
    ),
    "public/remote": Place(
        "public/remote", "public/remote", "/api/v1/timelines/public", timeline_params={"remote": "true"}, threads=False
    ),
}


def places(settings: Settings) -> list[Place]:
    """Every stream that an instance is asked for."""
    tags = dict.fromkeys(tag.removeprefix("#").lower() for tag in settings.hashtags)
    return [*(_tag(tag) for tag in tags), *(_STREAMS[name] for name in dict.fromkeys(settings.streams))]


def _tag(tag: str) -> Place:
    return Place(f"#{tag}", "hashtag", f"/api/v1/timelines/tag/{quote(tag, safe='')}", {"tag": tag})


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what the streams of all instances bring, each from its stored position on, and what looking again does."""
    async with _instances(settings) as instances:
        known = {instance.host: Known() for instance in instances}
        parts = [
            hear(Ear(instance, place, cursors.get(f"{instance.host} {place.name}", ""), known[instance.host]))
            for instance in instances
            for place in places(settings)
        ]
        if due is not nothing_due:
            hosts = {instance.host: instance for instance in instances}
            parts.append(rechecks.rechecks(due, partial(again.look_up, hosts, known), lambda: again.MOST))
        async with aclosing(together(parts)) as batches:
            async for batch in batches:
                yield batch


async def verify(settings: Settings) -> str:
    """Ask each instance for its name and one page of each timeline."""
    names = []
    async with _instances(settings) as instances:
        for instance in instances:
            names.append(await instance.describe())
            for place in places(settings):
                await instance.page(place.timeline, {"limit": "1", **place.timeline_params})
    return f"{', '.join(names)}: the tokens are good for {len(places(settings))} timelines each"


class _instances:  # noqa: N801  read as a function
    """The instances with their connections, closed at the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stack = settings, AsyncExitStack()

    async def __aenter__(self) -> list[Instance]:
        s = self._settings
        limits = Limits(allow_private=s.allow_private)
        fetcher = await self._stack.enter_async_context(Fetcher(limits))
        streams = len(s.urls) * len(places(s)) + 4
        shared = await self._stack.enter_async_context(client(allow_private=s.allow_private, connections=streams))
        pairs = zip(s.urls, s.tokens, strict=True)
        return [Instance(url, token.get_secret_value(), fetcher, shared, stall=STALL) for url, token in pairs]

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()
