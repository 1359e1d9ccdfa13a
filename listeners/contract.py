"""What a source is: a module with a docstring, `Settings`, `ABOUT`, and what it can do.

A pulling source has `listen(name, settings, cursors) -> AsyncIterator[Batch]`. It yields what it heard with the cursor
to store after it, is given the next turn only after both are committed together, and never ends by itself. It raises
FetchError for a fault that a wait may mend only if it cannot go on for any of its parts; a fault of one part (one feed
of many) is a Batch with `error`.
A receiving source has `receive(settings, request) -> Received` (listeners/hooks.py): pure, it checks and reads one call
of `/hooks/<its name>`, which the console answers after the commit. A source may do both: what was missed is polled. The
source `api` has neither: its calls come in at /api/v1/mentions.
A source whose network filters for us has `asking(settings, watchlists) -> settings`.
A source that can look posts up again has `recheck_every(settings) -> timedelta`, zero for never; its `listen` takes one
argument more, which tells it what is due (listeners/rechecks.py).
A source that changes something at its network when it listens, or pays for it, has `sample(settings, most)`, which
does not: `leitstand try` shows that.
`verify(settings)` tries the source once without storing anything and returns one sentence; it raises FetchError.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from leitstand.model import Mention
from leitstand.settings import ListenerSettings
from listeners.budget import Budget
from listeners.query.tree import Node


@dataclass(frozen=True, slots=True)
class Gone:
    """What a network has taken away: one post; or, without an `external_id`, everything of the author."""

    channel: str
    external_id: str = ""
    author_id: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored post that is to be looked up again, by its `ref` if it has one."""

    channel: str
    external_id: str
    ref: str = ""
    author_id: str = ""
    edited_at: datetime | None = None

    def missed(self, edit: datetime | None) -> bool:
        """Whether its network tells of an edit that nobody heard; None: it tells of none."""
        return edit is not None and (self.edited_at is None or edit > self.edited_at)


Due = Callable[[int], Awaitable[Sequence[Kept]]]


async def nothing_due(most: int) -> Sequence[Kept]:
    """What a source is told that is not to look anything up."""
    return ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Mentions and the cursor that says "heard up to here", committed in one transaction.

    `part` names what the cursor belongs to (a feed's URL), "" for a source with a single stream; `cursor` None leaves
    the stored one. `error` reports what is wrong with this part in one sentence, "" when it is well. A batch with an
    error, without mentions and without a cursor says that this part does not hear its source: a gap begins.

    `edits` are posts that have changed since they were heard, `deletes` those that are no more; of posts never kept
    both may be reported. What is edited and was not kept before is taken as if it were new. `checked` are the posts
    that were looked up again. `shares` tell what is left for watchlists that have a budget of their own.

    `caught_up` False: what was missed before now is still being fetched. `lost`: why it can never be. `next_at` is when
    the source looks again, `budget` what the network still lets it read.
    """

    mentions: tuple[Mention, ...]
    cursor: str | None
    part: str = ""
    error: str = ""
    edits: tuple[Mention, ...] = ()
    deletes: tuple[Gone, ...] = ()
    caught_up: bool = True
    lost: str = ""
    next_at: datetime | None = None
    budget: Budget | None = None
    checked: tuple[Kept, ...] = ()
    shares: tuple[tuple[str, Budget], ...] = ()

    @property
    def heard(self) -> bool:
        """Whether this part heard its source, be it with a fault in single posts."""
        return not self.error or bool(self.mentions) or self.cursor is not None


@runtime_checkable
class Listens(Protocol):
    """A source that fetches by itself."""

    def listen(self, name: str, settings: ListenerSettings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        """Yield batches for ever. `cursors` maps parts to the cursors stored last time."""
        ...


@runtime_checkable
class Asks(Protocol):
    """A source whose network filters for us: it is told the watchlists' queries before it listens."""

    def asking(self, settings: ListenerSettings, watchlists: Mapping[str, Node]) -> ListenerSettings:
        """The settings with what follows from the watchlists."""
        ...


@runtime_checkable
class Samples(Protocol):
    """A source that changes something at its network when it listens: here are some posts without that."""

    async def sample(self, settings: ListenerSettings, most: int) -> Sequence[Mention]:
        """Its newest posts, at most so many, oldest first. Raises FetchError."""
        ...


@runtime_checkable
class Rechecks(Protocol):
    """A source that looks posts up again, for edits and deletes that it was not told."""

    def recheck_every(self, settings: ListenerSettings) -> timedelta:
        """How often each post is to be looked up; zero: never."""
        ...

    def listen(
        self, name: str, settings: ListenerSettings, cursors: Mapping[str, str], due: Due = nothing_due
    ) -> AsyncIterator[Batch]:
        """As of `Listens`. `due` tells up to so many posts that are to be looked up now, until they are `checked`."""
        ...


@runtime_checkable
class Verifies(Protocol):
    """A source that can be tried without storing anything."""

    async def verify(self, settings: ListenerSettings) -> str:
        """One sentence on what was found. Raises FetchError."""
        ...
