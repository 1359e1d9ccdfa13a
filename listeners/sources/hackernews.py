"""Hears Hacker News: every story and comment, or what searches find. No credential is needed.

    [listeners.hackernews]
    kind = "hackernews"
    # searches = ['acme', '"acme cloud"']     # only these

Without `searches` every new item is read by its number (some 12,000 a day, one request each) and matched here; nothing
is lost, comments come with the story they belong to, edits and deletes of the last hours are noticed. After a longer
pause the search service fills in what was missed, by the thousand.

With `searches` only the search service is asked, with the syntax of its own: words that must all be there, "phrases",
-without. It is some minutes behind.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.hackernews.everything import Everything
from listeners.hackernews.search import Index, Search
from listeners.rounds import Part, posts_now, rounds

ABOUT = About(title="Hacker News", summary="Every story and comment, or what searches find.")

SearchFor = Annotated[str, Field(min_length=1, max_length=500)]


class Settings(ListenerSettings):
    """What to hear."""

    kind: Literal["hackernews"] = Field("hackernews", description="hackernews")
    searches: list[SearchFor] = Field([], max_length=50, description="Only what these find; empty: everything.")
    interval: Duration = Field(timedelta(seconds=30), description="The pause between two looks.")
    api_url: str = Field("https://hacker-news.firebaseio.com", description="Where the items are.")
    search_url: str = Field("https://hn.algolia.com", description="Where the search is.")
    allow_private: bool = Field(False, description="true: these addresses may be in a private network.")


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what is new, changed and gone."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in rounds(_parts(settings, fetcher, cursors)):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for everything."""
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        return f"Hacker News answers: {await posts_now(_parts(settings, fetcher, {}))} posts now"


def _parts(settings: Settings, fetcher: Fetcher, cursors: Mapping[str, str]) -> list[Part]:
    index = Index(fetcher, settings.search_url.rstrip("/"))
    every = settings.interval.total_seconds()
    if not settings.searches:
        base = f"{settings.api_url.rstrip('/')}/v0"
        return [Everything("everything", fetcher, base, index, every, cursors.get("everything", ""))]
    names = {f"search {query}": query for query in settings.searches}
    return [Search(name, query, index, every, cursors.get(name, "")) for name, query in names.items()]
