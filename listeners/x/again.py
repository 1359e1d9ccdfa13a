"""Looks posts up again, a hundred a call: what was edited since, what is gone, and whose author nobody may read now.

X wants what was deleted, edited, protected or suspended to be honoured in what is kept of it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from leitstand import clock
from listeners.contract import Batch, Gone, Kept
from listeners.x.api import Api
from listeners.x.marks import Spent
from listeners.x.posts import CHANNEL, UNREADABLE, Page, Post, Problem, User, mention
from listeners.x.spending import Spending

_GONE: Final = "resource-not-found"
_HIDDEN: Final = "not-authorized-for-resource"


async def look_up(api: Api, spending: Spending, posts: Sequence[Kept]) -> Batch:
    """What became of these posts. Raises XError."""
    asked = {number: post for post in posts if (number := post.ref or post.external_id).isdecimal()}
    page = await _asked(api, spending, list(asked))
    newer = [post.edit_history_tweet_ids[-1] for post, _ in _read(page) if _has_newer(post)]
    newest = await _asked(api, spending, newer)
    now = clock.now()
    return Batch(
        (),
        str(Spent().spent(spending)),
        edits=tuple(mention(post, users.get(post.author_id), now) for post, users in _read(newest)),
        deletes=tuple(_gone(asked[problem.about], problem) for problem in page.errors if _tells(problem, asked)),
        checked=tuple(posts),
        budget=spending.told(now),
    )


async def _asked(api: Api, spending: Spending, numbers: Sequence[str]) -> Page:
    page = await api.posts(numbers) if numbers else Page()
    spending.posts(len(page.data), clock.now())
    return page


def _read(page: Page) -> list[tuple[Post, dict[str, User]]]:
    """The posts that can be read; another one stays as it is."""
    users = {user.id: user for user in page.includes.users}
    found: list[tuple[Post, dict[str, User]]] = []
    for raw in page.data:
        try:
            found.append((msgspec.json.decode(raw, type=Post), users))
        except UNREADABLE:
            continue
    return found


def _has_newer(post: Post) -> bool:
    return bool(post.edit_history_tweet_ids) and post.edit_history_tweet_ids[-1] != post.id


def _tells(problem: Problem, asked: dict[str, Kept]) -> bool:
    return problem.about in asked and problem.type.rpartition("/")[2] in (_GONE, _HIDDEN)


def _gone(post: Kept, problem: Problem) -> Gone:
    """The post; or all of an author who has been suspended or lets only friends read."""
    hidden = problem.type.endswith(_HIDDEN) and post.author_id
    return Gone(CHANNEL, author_id=post.author_id) if hidden else Gone(CHANNEL, post.external_id)
