"""The mentions of own accounts, polled: each costs a fifth of another post, and none depends on the rules."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.budget import next_day
from listeners.contract import Batch
from listeners.x.api import Api, XError
from listeners.x.marks import Marks
from listeners.x.posts import number_at, read_page
from listeners.x.spending import Spending

PART: Final = "mentions"
OVERLAP: Final = 5_000 << 22
MOST_PAGES: Final = 8  # X goes back 800 posts


@dataclass
class Ear:
    """Where the timelines are."""

    api: Api
    users: Sequence[str]
    every: timedelta
    spending: Spending
    marks: Marks


async def hear(ear: Ear) -> AsyncGenerator[Batch, None]:
    """The batches of all accounts, for ever. Raises FetchError for what only a person or the next period can mend."""
    for user in ear.users:
        if user not in ear.marks.since:
            ear.marks = ear.marks.moved(user, number_at(clock.now()))
    while True:
        wait, failed = ear.every, ""
        for user in ear.users:
            if not ear.spending.may_read(now := clock.now()):
                wait, failed = next_day(now) - now, ear.spending.note(now)
                break
            try:
                yield await _poll(ear, user)
            except FetchError as error:
                if error.permanent or (isinstance(error, XError) and error.capped):
                    raise
                wait, failed = max(wait, error.retry_after or wait), str(error)
        if failed:
            yield Batch((), None, PART, failed, next_at=clock.now() + wait)
        await asyncio.sleep(wait.total_seconds())


async def _poll(ear: Ear, user: str) -> Batch:
    """What is new of one account."""
    since, token, error = ear.marks.since[user], "", ""
    mentions: list[Mention] = []
    edits: list[Mention] = []
    newest = since
    for _ in range(MOST_PAGES):
        page = await ear.api.mentions(user, max(1, since - OVERLAP), token)
        heard = read_page(page, clock.now())
        ear.spending.own(len(page.data), clock.now())
        mentions[:0], edits[:0] = heard.mentions, heard.edits  # newest first come the pages, oldest first we tell
        newest, error, token = max(newest, heard.newest), error or heard.error, page.meta.next_token
        if not token:
            break
    ear.marks = ear.marks.moved(user, newest).spent(ear.spending)
    return Batch(
        tuple(mentions),
        str(ear.marks),
        PART,
        error,
        tuple(edits),
        next_at=clock.now() + ear.every,
        budget=ear.spending.told(clock.now()),
        lost=f"more than {MOST_PAGES * 100} mentions were missed" if token else "",
    )
