"""Hears subreddits and searches on Reddit: new submissions, comments, later edits and deletes.

    [listeners.reddit]
    kind = "reddit"
    subreddits = ["acme", "cloudhosting"]       # their submissions and comments
    searches = ['acme OR "acme cloud"']         # submissions anywhere
    client_id = "p0123456789abc"
    client_secret = "${REDDIT_CLIENT_SECRET}"
    user_agent = "linux:com.example.acme-watch:1.0 (by /u/acme-support)"

The client id and secret are those of an app of type "script", which Reddit must approve first (Responsible Builder
Policy; commercial use needs a contract). Reddit wants a user agent that says who you are, in the form shown. One client
id may ask 100 times a minute; its answers say how much is left, and that is kept to.

Without `client_id` Reddit's public feeds are read instead: submissions and comments of the subreddits, and searches,
about once a minute at best, often refused, without edits and deletes. Good enough to try it out, not to rely on.

With `search_watchlists = true` submissions are searched for what the watchlists ask for, as narrowly as Reddit can.

Comments cannot be searched, only read by subreddit: list those where you are talked about. Reddit lists the newest
1,000 posts; if more came while nobody listened, the gap is shown as lost. Edits and deletes of the youngest 1,000
posts of each listing are noticed within minutes; older posts of open cases are looked up again once in
`recheck_every`.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import quote_plus

import structlog
from pydantic import Field, SecretStr, model_validator

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners.contract import Batch, Due, nothing_due
from listeners.feeds.chorus import Chorus
from listeners.feeds.pace import Bounds
from listeners.feeds.polling import Tools
from listeners.feeds.reader import Reader
from listeners.fetch import Fetcher, Limits
from listeners.query.push import reddit as push
from listeners.query.tree import Node
from listeners.rechecks import looks
from listeners.reddit import again
from listeners.reddit.api import Api
from listeners.reddit.listings import Posts
from listeners.reddit.posts import CHANNEL, from_feed
from listeners.rounds import posts_now, rounds

log = structlog.get_logger()

ABOUT = About(
    title="Reddit",
    summary="Submissions and comments of subreddits, and searches of submissions.",
    credentials_url="https://www.reddit.com/prefs/apps",
)

Subreddit = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,24}$")]
Search = Annotated[str, Field(min_length=1, max_length=512)]


class Settings(ListenerSettings):
    """What to hear, and who asks."""

    kind: Literal["reddit"] = Field("reddit", description="reddit")
    subreddits: list[Subreddit] = Field([], max_length=50, description="Names without r/.")
    searches: list[Search] = Field([], max_length=20, description="What to search for in submissions, as on Reddit.")
    search_watchlists: bool = Field(False, description="true: search submissions for what the watchlists ask for.")
    client_id: str = Field("", description="The app's id; absent: Reddit's public feeds are read.")
    client_secret: SecretStr | None = Field(None, description="The app's secret.")
    user_agent: str = Field("", description="Who asks, as Reddit wants it: <platform>:<app>:<version> (by /u/<name>).")
    interval: Duration = Field(timedelta(seconds=30), description="The pause between two looks at the same listing.")
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a post of an open case is looked up again (API); 0s: never."
    )
    api_url: str = Field("https://oauth.reddit.com", description="Where the API is.")
    site_url: str = Field("https://www.reddit.com", description="Where tokens, feeds and links are.")
    allow_private: bool = Field(False, description="true: these addresses may be in a private network.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.subreddits and not self.searches and not self.search_watchlists:
            raise ValueError("needs `subreddits`, `searches` or `search_watchlists`: what to hear?")
        if bool(self.client_id) != (self.client_secret is not None):
            raise ValueError("`client_id` and `client_secret` belong together")
        if self.client_id and not self.user_agent:
            raise ValueError("needs `user_agent`: Reddit refuses clients that do not say who they are")
        return self


def asking(settings: Settings, watchlists: Mapping[str, Node]) -> Settings:
    """The settings with the searches that follow from the watchlists, if they are to be searched for."""
    if not settings.search_watchlists:
        return settings
    for name, why in push.unheard(watchlists).items():
        log.warning("watchlist cannot be searched on Reddit", watchlist=name, reason=why)
    return settings.model_copy(update={"searches": [*settings.searches, *push.searches(watchlists)]})


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every if settings.client_id else timedelta(0)


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        if settings.client_id:
            parts = _parts(settings, fetcher, cursors)
            look_up = again.Looking(parts[0].api, _bare(settings.site_url)).look_up
            async for batch in rounds([*parts, *looks(due, look_up, again.MOST)]):
                yield batch
        else:
            async with Reader() as reader:
                chorus = Chorus(_tools(settings, fetcher, reader), cursors, comments=False)
                chorus.add(_feeds(settings))
                try:
                    while True:
                        yield _named(await chorus.next())
                finally:
                    await chorus.close()


async def verify(settings: Settings) -> str:
    """Ask once for everything."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        if settings.client_id:
            return f"Reddit answers: {await posts_now(_parts(settings, fetcher, {}))} posts now"
        page = await fetcher.get(_feeds(settings)[0])
        page.check()
        return "Reddit's public feeds answer; with a client_id it would be reliable"


def _parts(settings: Settings, fetcher: Fetcher, cursors: Mapping[str, str]) -> list[Posts]:
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    token_url = f"{_bare(settings.site_url)}/api/v1/access_token"
    api = Api(fetcher, _bare(settings.api_url), token_url, settings.client_id, secret, settings.user_agent)
    listings: dict[str, tuple[str, dict[str, str]]] = {}
    for subreddit in settings.subreddits:
        listings[f"r/{subreddit}"] = (f"/r/{subreddit}/new", {})
        listings[f"r/{subreddit} comments"] = (f"/r/{subreddit}/comments", {})
    for search in settings.searches:
        listings[f"search {search}"] = ("/search", {"q": search, "sort": "new", "type": "link"})
    interval = settings.interval.total_seconds()
    return [
        Posts(name, path, api, _bare(settings.site_url), interval, cursors.get(name, ""), params, interval)
        for name, (path, params) in listings.items()
    ]


def _bare(url: str) -> str:
    return url.rstrip("/")


def _feeds(settings: Settings) -> list[str]:
    site = _bare(settings.site_url)
    together = "+".join(settings.subreddits)
    of_subreddits = [f"{site}/r/{together}/{what}/.rss?limit=100" for what in ("new", "comments")] if together else []
    return of_subreddits + [f"{site}/search.rss?q={quote_plus(search)}&sort=new" for search in settings.searches]


def _tools(settings: Settings, fetcher: Fetcher, reader: Reader) -> Tools:
    slowest = max(settings.interval, timedelta(minutes=10))
    return Tools(fetcher, reader, CHANNEL, Bounds(settings.interval, slowest))


def _named(batch: Batch) -> Batch:
    """A feed's batch, its posts named as the API names them."""
    mentions = tuple(found for one in batch.mentions if (found := from_feed(one)))
    edits = tuple(found for one in batch.edits if (found := from_feed(one)))
    return replace(batch, mentions=mentions, edits=edits)
