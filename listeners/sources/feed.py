"""Listens to RSS, Atom and JSON feeds: blogs, news, forums, comments, release notes.

    [listeners.blogs]
    kind = "feed"
    channel = "blog"
    urls = ["https://blog.example/feed", "https://news.example/"]
    # opml = "feeds.opml"       # and all feeds of a reader's export
    # max_interval = "10m"      # look at least so often

No credential is needed. The address may be a feed's, or a page's that names its feed. Comments have a feed of their
own, with WordPress `https://blog.example/comments/feed/`: list it, or say `comments = true` to have it looked for.

Each feed is looked at about four times in the time that usually lies between two of its posts, never more often than
`min_interval` nor more rarely than `max_interval`, and only asked for what has changed. A server that asks for a pause
gets it. What a feed says of dates is told, but not believed: late posts, posts without a date and posts of the same
second are heard, each once, also if the feed gives them new ids. The same article in several feeds is one post. What
an Atom feed says is gone (tombstones, RFC 6721) is deleted; what it merely no longer lists is not.

What is wrong with a feed is told in `leitstand listeners status`; the other feeds go on. A feed that has moved for good
is asked at its new address; one that says it is gone (HTTP 410) is not asked again before the next start. Addresses in
private networks are refused unless `allow_private = true`.

Some feeds have a hub that calls at once when there is something new (WebSub). With `push_url`, the address under which
this listener is reached from outside, and a `push_secret` made by yourself (`openssl rand -hex 32`), their hubs are
asked to do so; polling goes on, because hubs forget.

    push_url = "https://leitstand.example/hooks/blogs"
    push_secret = "${FEED_PUSH_SECRET}"
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from leitstand.errors import FetchError, HookRefusedError
from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.contract import Batch, Gone
from listeners.feeds import finding, pace, tombstones, websub
from listeners.feeds.chorus import Chorus
from listeners.feeds.identity import Seen, identify
from listeners.feeds.memory import Memory
from listeners.feeds.mentions import mention
from listeners.feeds.polling import Poller, Tools
from listeners.feeds.reader import Caps, Reader, read_once
from listeners.fetch import Fetcher, Limits, without_login
from listeners.hooks import HookRequest, Received
from listeners.plaintext import is_link

ABOUT = About(title="Feeds", summary="RSS, Atom and JSON feeds: blogs, news, forums, comments.")

SHOWN = 5


class Settings(ListenerSettings):
    """Which feeds, how often, and what each may cost."""

    kind: Literal["feed"] = Field("feed", description="feed")
    channel: str = Field("blog", pattern=r"^[a-z0-9_-]{1,40}$", description="What kind of place it is: blog, news …")
    urls: list[str] = Field([], description="Addresses of feeds, or of pages that name their feed.")
    opml: Path | None = Field(None, description="A file with more of them, as feed readers export it.")
    comments: bool = Field(False, description="true: the comments of these sites too, where a feed of them is found.")
    min_interval: Duration = Field(timedelta(minutes=2), description="No feed is looked at more often.")
    max_interval: Duration = Field(
        timedelta(minutes=30), description="Every feed is looked at so often, whatever it says of itself."
    )
    allow_private: bool = Field(False, description="true: addresses in private networks may be asked too.")
    timeout: Duration = Field(timedelta(seconds=30), description="How long one answer may take in all.")
    max_megabytes: float = Field(10.0, gt=0, le=100, description="How large one feed may be, unpacked.")
    connections: int = Field(50, ge=1, le=500, description="How many servers are asked at once; each by one request.")

    push_url: str = Field("", description="Where hubs reach this listener: https://…/hooks/<its name>.")
    push_secret: SecretStr | None = Field(None, description="What hubs' calls are told by; made by yourself.")

    @field_validator("urls")
    @classmethod
    def _addresses(cls, urls: list[str]) -> list[str]:
        for url in urls:
            if not is_link(url):
                raise ValueError(f"{without_login(url)[:200]!r} is no address: it must begin with http:// or https://")
        return urls

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.urls and self.opml is None:
            raise ValueError("needs `urls` or `opml`: which feeds?")
        if bool(self.push_url) != (self.push_secret is not None):
            raise ValueError("`push_url` and `push_secret` belong together")
        hooks.long_enough(self.push_secret)
        if self.min_interval < timedelta(seconds=0.1) or self.max_interval < self.min_interval:
            raise ValueError("`min_interval` must be at least 0.1s and no longer than `max_interval`")
        return self


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what the feeds bring."""
    addresses = await asyncio.to_thread(_addresses, settings)
    async with _fetcher(settings) as fetcher, Reader(_caps(settings)) as reader:
        chorus = Chorus(_tools(settings, fetcher, reader), cursors, comments=settings.comments)
        chorus.add(addresses)
        try:
            while True:
                yield await chorus.next()
        finally:
            await chorus.close()


def receive(settings: Settings, request: HookRequest) -> Received:
    """A hub that asks whether a subscription is ours, or brings what is new."""
    push = _push(settings)
    if push is None:
        raise HookRefusedError("this listener takes no calls: it has no push_url", 404)
    if request.method == "GET":
        return Received(said=websub.confirmed(push, request))
    topic = websub.pushed(push, request)
    if len(request.body) > settings.max_megabytes * 1_000_000:
        raise HookRefusedError(f"larger than {settings.max_megabytes:g} MB", 413)
    try:
        feed = read_once(request.body, request.headers, topic, _caps(settings))
    except FetchError as error:
        raise HookRefusedError(str(error), 422) from error
    identified = identify(feed, topic)
    found = (mention(one, feed, settings.channel, request.at) for one in identified)
    mentions = tuple(one for one in found if one)
    gone = tombstones.buried(tombstones.remember({}, feed, identified), feed, Seen({}))
    deletes = tuple(Gone(settings.channel, name) for name in gone)
    return Received(Batch(mentions, None, hooks.PART, deletes=deletes) if mentions or deletes else None)


async def verify(settings: Settings) -> str:
    """Fetch and read every feed once."""
    addresses = await asyncio.to_thread(_addresses, settings)
    async with _fetcher(settings) as fetcher, Reader(_caps(settings)) as reader:
        tools = _tools(settings, fetcher, reader)
        pollers = [Poller(url, without_login(url), Memory(), tools) for url in addresses]
        rounds = await asyncio.gather(*(poller.look() for poller in pollers))
    if bad := [(found.batch.part, found.fault) for found in rounds if found.fault]:
        raise _unheard(bad, len(rounds))
    posts = sum(len(found.batch.mentions) for found in rounds)
    return f"{len(rounds)} feed{'s' if len(rounds) > 1 else ''} can be heard, with {posts} posts now"


def _unheard(bad: list[tuple[str, FetchError]], asked: int) -> FetchError:
    """What some feeds' faults are together; what is to be done is told by the first."""
    told = "; ".join(f"{part}: {fault}" for part, fault in bad[:SHOWN])
    more = f" (and {len(bad) - SHOWN} more)" if len(bad) > SHOWN else ""
    first = bad[0][1]
    error = FetchError(
        f"{len(bad)} of {asked} feeds cannot be heard: {told}{more}",
        permanent=first.permanent,
        retry_after=first.retry_after,
        status=first.status,
        host=first.host,
        said=first.said,
    )
    error.__cause__ = first
    return error


def _addresses(settings: Settings) -> list[str]:
    more = finding.read_opml(settings.opml) if settings.opml else []
    return list(dict.fromkeys((*settings.urls, *more)))


def _tools(settings: Settings, fetcher: Fetcher, reader: Reader) -> Tools:
    bounds = pace.Bounds(settings.min_interval, settings.max_interval)
    return Tools(fetcher, reader, settings.channel, bounds, _push(settings))


def _push(settings: Settings) -> websub.Push | None:
    secret = settings.push_secret
    return websub.Push(settings.push_url, secret.get_secret_value()) if secret else None


def _fetcher(settings: Settings) -> Fetcher:
    return Fetcher(
        Limits(
            size=int(settings.max_megabytes * 1_000_000),
            seconds=settings.timeout.total_seconds(),
            connections=settings.connections,
            allow_private=settings.allow_private,
        )
    )


def _caps(settings: Settings) -> Caps:
    return Caps(seconds=max(20.0, settings.timeout.total_seconds()))
