"""One look at a configured source: what it hands over first, with no cursor, nothing stored."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from leitstand import plugins
from leitstand.errors import FetchError, InputError
from leitstand.model import Mention
from leitstand.settings import ListenerSettings
from listeners.contract import Asks, Listens, Samples
from listeners.query.tree import Node
from workers.logs import errors_only

SECONDS = 30.0
QUIET = 3.0  # several feeds of one listener answer one after the other


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source gave, and what is wrong with its parts."""

    mentions: tuple[Mention, ...]
    errors: tuple[str, ...]


def fetch(name: str, settings: ListenerSettings, watchlists: Mapping[str, Node], most: int) -> Fetched:
    """The first `most` posts, or what comes within half a minute. Raises InputError if this kind only receives.

    Nothing is changed at the network: a source whose listening does that is asked for a sample instead.
    """
    with errors_only():
        return _look(name, settings, watchlists, most)


def _look(name: str, settings: ListenerSettings, watchlists: Mapping[str, Node], most: int) -> Fetched:
    source = plugins.load(plugins.SOURCES, settings.kind)
    if isinstance(source, Asks):
        settings = source.asking(settings, watchlists)
    if isinstance(source, Samples):
        return asyncio.run(_sampled(name, settings, source, most))
    if not isinstance(source, Listens):
        raise InputError(
            f"the listener {name!r} (kind {settings.kind}) waits for posts and fetches none: try a file instead"
        )
    return asyncio.run(_fetch(name, settings, source, most))


async def _sampled(name: str, settings: ListenerSettings, source: Samples, most: int) -> Fetched:
    try:
        async with asyncio.timeout(SECONDS):
            return Fetched(tuple(await source.sample(settings, most)), ())
    except TimeoutError:
        return Fetched((), (f"{name}: nothing came within {SECONDS:.0f} seconds",))
    except FetchError as error:
        return Fetched((), (f"{name}: {error}",))


async def _fetch(name: str, settings: ListenerSettings, source: Listens, most: int) -> Fetched:
    mentions: list[Mention] = []
    errors: list[str] = []
    batches = source.listen(name, settings, {})
    now = asyncio.get_running_loop().time
    last = until = now() + SECONDS
    try:
        while len(mentions) < most:
            async with asyncio.timeout_at(until):
                batch = await anext(batches)
            mentions += batch.mentions
            if batch.error:
                errors.append(f"{batch.part or name}: {batch.error}")
            # A stream says at once that it is heard, and only then what it hears.
            until = min(last, now() + QUIET) if mentions or errors or batch.next_at else last
    except (TimeoutError, StopAsyncIteration):
        if not mentions and not errors:
            errors.append(f"{name}: nothing came within {SECONDS:.0f} seconds")
    except FetchError as error:
        errors.append(f"{name}: {error}")
    return Fetched(tuple(mentions[:most]), tuple(errors))
