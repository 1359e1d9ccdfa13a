"""Hears the comments and replies under a channel's or single videos, and videos that searches find.

    [listeners.youtube]
    kind = "youtube"
    api_key = "${YOUTUBE_API_KEY}"
    channels = ["UC_x5XG1OV2P6uZZ5FSM9Ttw"]     # all their comments, by the channel's id
    # videos = ["dQw4w9WgXcQ"]                  # other people's videos
    # searches = ["acme cloud"]                 # new videos

Make the key in the Google Cloud console: a project, in it "YouTube Data API v3" enabled, then Credentials, API key.

A project may use 10,000 units a day, from midnight to midnight in California; a page of 100 comments costs one. The
looks are spread so that this lasts: with the default, a channel is looked at about every half minute at best, twenty
of them each every three minutes. Searches are counted apart, a hundred a day in all. Set `quota` lower to leave some
for others with the same project. When it is used up nothing is read until midnight; then all that was missed is.

With `search_watchlists = true` new videos are searched for what the watchlists ask for, as narrowly as YouTube can.

Replies are heard when their thread is among the newest hundred, those of older threads (to some three hundred) with
every tenth look; edits likewise, deletes of the youngest comments with every tenth. Comments of open cases, however
old, are looked up again once in `recheck_every`, fifty for a unit.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

import structlog
from pydantic import Field, SecretStr, model_validator

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners.contract import Batch, Due, nothing_due
from listeners.fetch import Fetcher, Limits
from listeners.memory import recall
from listeners.query.push import youtube as push
from listeners.query.tree import Node
from listeners.rechecks import PART, looks
from listeners.rounds import Part, posts_now, rounds
from listeners.youtube import again
from listeners.youtube.api import Api
from listeners.youtube.quota import Quota
from listeners.youtube.threads import Memory, Threads
from listeners.youtube.videos import Videos

log = structlog.get_logger()

ABOUT = About(
    title="YouTube",
    summary="Comments and replies under channels and videos, and videos that searches find.",
    credentials_url="https://console.cloud.google.com/apis/credentials",
)

ChannelId = Annotated[str, Field(pattern=r"^UC[\w-]{22}$")]
VideoId = Annotated[str, Field(pattern=r"^[\w-]{11}$")]
SearchFor = Annotated[str, Field(min_length=1, max_length=500)]


class Settings(ListenerSettings):
    """What to hear, and how much of the quota it may cost."""

    kind: Literal["youtube"] = Field("youtube", description="youtube")
    api_key: SecretStr = Field(description="The API key of a project that may use the YouTube Data API v3.")
    channels: list[ChannelId] = Field([], max_length=200, description="Ids (UC…) of channels: all their comments.")
    videos: list[VideoId] = Field([], max_length=500, description="Ids of videos: their comments.")
    searches: list[SearchFor] = Field([], max_length=20, description="What to search for in new videos.")
    search_watchlists: bool = Field(False, description="true: search new videos for what the watchlists ask for.")
    interval: Duration = Field(timedelta(seconds=30), description="The shortest pause between two looks at the same.")
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a comment of an open case is looked up again; 0s: never."
    )
    quota: int = Field(10_000, ge=1, description="Units a day that may be used.")
    search_quota: int = Field(100, ge=1, description="Searches a day that may be used.")
    api_url: str = Field("https://youtube.googleapis.com/youtube/v3", description="Where the API is.")
    allow_private: bool = Field(False, description="true: this address may be in a private network.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.channels or self.videos or self.searches or self.search_watchlists):
            raise ValueError("needs `channels`, `videos`, `searches` or `search_watchlists`: what to hear?")
        return self


def asking(settings: Settings, watchlists: Mapping[str, Node]) -> Settings:
    """The settings with the searches that follow from the watchlists, if they are to be searched for."""
    if not settings.search_watchlists:
        return settings
    for name, why in push.unheard(watchlists).items():
        log.warning("watchlist cannot be searched on YouTube", watchlist=name, reason=why)
    return settings.model_copy(update={"searches": [*settings.searches, *push.searches(watchlists)]})


def recheck_every(settings: Settings) -> timedelta:
    """How often a comment of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in rounds(_parts(settings, fetcher, cursors, due)):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for everything: a unit each."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        return f"YouTube answers: {await posts_now(_parts(settings, fetcher, {}))} posts now"


def _parts(settings: Settings, fetcher: Fetcher, cursors: Mapping[str, str], due: Due = nothing_due) -> list[Part]:
    api = Api(fetcher, settings.api_url.rstrip("/"), settings.api_key.get_secret_value())
    every = settings.interval.total_seconds()
    units, calls = Quota(settings.quota), Quota(settings.search_quota)
    filters = {f"channel {one}": {"allThreadsRelatedToChannelId": one} for one in settings.channels}
    filters |= {f"video {one}": {"videoId": one} for one in settings.videos}
    searches = {f"search {one}": one for one in settings.searches}
    for quota, names in ((units, filters), (calls, searches)):
        for name in names:
            memory = recall(cursors.get(name, ""), Memory)
            quota.resume(name, memory.day, memory.used)
    units.resume(PART, *again.used(cursors.get(PART, "")))
    return [
        *(Threads(n, f, api, units, every, len(filters), cursors.get(n, ""), every) for n, f in filters.items()),
        *(Videos(n, q, api, calls, every, len(searches), cursors.get(n, ""), every) for n, q in searches.items()),
        *looks(due, again.Looking(api, units).look_up, again.MOST),
    ]
