"""Looks statuses up again, one a call, at the instance that was heard: what was edited since, and what is gone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch, Gone, Kept
from listeners.mastodon.instance import Instance
from listeners.mastodon.statuses import CHANNEL, Known, Status, aware, mention

MOST: Final = 40


async def look_up(instances: Mapping[str, Instance], known: Mapping[str, Known], posts: Sequence[Kept]) -> Batch:
    """What became of these posts, up to the first fault. Raises FetchError if nothing could be looked up."""
    asked = [(post, instances[_host(post)], _number(post)) for post in posts if _host(post) in instances]
    found: dict[Kept, Status | None] = {}
    error = ""
    try:
        for instance in {instance.host: instance for _, instance, _ in asked}.values():
            await instance.describe()  # one that has lost its mind may say of everything that it is not there
        for post, instance, number in asked:
            found[post] = await instance.status(number, Status)
    except FetchError as fault:
        if not found:
            raise
        error = str(fault)
    now = clock.now()
    edits = ((post, status) for post, status in found.items() if status is not None and post.missed(_edited(status)))
    return Batch(
        (),
        now.isoformat(),
        error=error,
        edits=tuple(mention(status, _host(post), known[_host(post)], now) for post, status in edits),
        deletes=tuple(Gone(CHANNEL, post.external_id) for post, status in found.items() if status is None),
        checked=(*found, *(post for post in posts if _host(post) not in instances)),
    )


def _host(post: Kept) -> str:
    """The instance that it was heard at; "" where nobody remembers."""
    return post.ref.partition(" ")[0]


def _number(post: Kept) -> str:
    """What that instance calls it."""
    return post.ref.partition(" ")[2]


def _edited(status: Status) -> datetime | None:
    return aware(status.edited_at) if status.edited_at else None
