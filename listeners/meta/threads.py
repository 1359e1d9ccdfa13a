"""The posts of an account, newest first, with the comments below each: as one part of a round.

    posts ─► back to a known one ─► comments of each ─► back to a known one ─► new, edited, gone, with the cursor
Nothing is told before both walks have reached known ground, so that a kill in between loses nothing.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from leitstand.model import Mention
from listeners.contract import Batch, Gone
from listeners.memory import as_cursor, recall
from listeners.meta.compare import Compared, Known, compare
from listeners.meta.graph import Graph, MissingError, RefusedError

POSTS: Final = 25  # so many posts have their comments looked at
REMEMBERED_POSTS: Final = 200
REMEMBERED_COMMENTS: Final = 300
SLOWER: Final = 4.0


class Memory(msgspec.Struct):
    """The cursor: posts, and the comments of each."""

    posts: Known = {}
    comments: dict[str, Known] = {}


class Account(Protocol):
    """What is read: `path` of one page or account."""

    graph: Graph
    path: str
    channel: str

    async def posts(self, known: Known) -> tuple[list[Mention], bool]:
        """Its posts, newest first, back to a known one; and whether these are all."""
        ...

    async def comments(self, post: str, known: Known) -> tuple[list[Mention], bool]:
        """The comments below a post, likewise."""
        ...


@dataclass(slots=True)
class Threads:
    """A part of a round."""

    name: str
    account: Account
    interval: float
    cursor: str = ""
    every: float = 0.0

    async def look(self) -> Batch:
        """What is new, edited and gone."""
        memory = recall(self.cursor, Memory)
        listed, whole = await self.account.posts(memory.posts)
        found = [compare(memory.posts, listed, whole=whole, most=REMEMBERED_POSTS)]
        comments: dict[str, Known] = {}
        refused: list[RefusedError] = []
        for post in _watched(found[0].known):
            known = memory.comments.get(post, {})
            try:
                below, all_of_them = await self.account.comments(post, known)
            except (MissingError, RefusedError) as error:  # gone since it was listed, or of a kind that has none
                refused += [error] if isinstance(error, RefusedError) else []
                comments[post] = known
                continue
            found.append(compare(known, below, whole=all_of_them, most=REMEMBERED_COMMENTS))
            comments[post] = found[-1].known
        if refused and len(found) == 1:
            raise refused[0]  # no comments at all: that is more than one post's own way
        self.every = self.interval * (SLOWER if self.account.graph.busy else 1.0)
        return self._batch(Memory(found[0].known, comments), found)

    def _batch(self, memory: Memory, found: list[Compared]) -> Batch:
        cursor = as_cursor(memory)
        changed = cursor != self.cursor
        self.cursor = cursor
        return Batch(
            tuple(sorted((m for one in found for m in one.new), key=lambda mention: mention.created_at)),
            cursor if changed else None,
            edits=tuple(m for one in found for m in one.edits),
            deletes=tuple(Gone(self.account.channel, name) for one in found for name in one.gone),
        )


def _watched(posts: Known) -> list[str]:
    """The youngest posts, the youngest first."""
    return list(reversed(posts))[:POSTS]
