"""Every source and target asked whether it would work, all at once; nothing is stored and nothing is sent."""

import asyncio
from collections.abc import Awaitable

from console.health.finding import Finding, State
from console.health.refused import Entry, refused
from escalation_bridge import contract as targets
from leitstand import plugins
from leitstand.errors import FetchError, PluginError
from leitstand.settings import ListenerSettings, Settings
from listeners import contract as sources
from listeners.watchlists import trees
from workers.logs import errors_only

SECONDS = 20.0
NOTHING_TO_ASK = "cannot be asked without doing something"


def outside(settings: Settings) -> list[Finding]:
    """One finding a listener that is enabled and a target, in the order of the file."""
    with errors_only():
        return asyncio.run(_ask_all(settings))


async def _ask_all(settings: Settings) -> list[Finding]:
    asked: list[tuple[str, Entry, str, Awaitable[str]]] = [
        (f"listeners.{name}", entry, plugins.SOURCES, _listener(entry.kind, entry, settings))
        for name, entry in settings.listeners.items()
        if entry.enabled
    ]
    asked += [
        (f"targets.{name}", entry, plugins.TARGETS, targets.verify(name, entry, settings.server.language))
        for name, entry in settings.targets.items()
    ]
    answers = await asyncio.gather(*(_in_time(answer) for *_, answer in asked), return_exceptions=True)
    return [
        _finding(part, entry, folder, answer) for (part, entry, folder, _), answer in zip(asked, answers, strict=True)
    ]


async def _in_time(answer: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(answer, SECONDS)
    except TimeoutError as error:
        raise FetchError(f"no answer within {SECONDS:g} seconds") from error


async def _listener(kind: str, entry: ListenerSettings, settings: Settings) -> str:
    source = plugins.load(plugins.SOURCES, kind)
    if isinstance(source, sources.Asks):
        entry = source.asking(entry, trees(settings))
    return await source.verify(entry) if isinstance(source, sources.Verifies) else NOTHING_TO_ASK


def _finding(part: str, entry: Entry, folder: str, answer: str | BaseException) -> Finding:
    match answer:
        case str():
            return Finding(part, State.OK, answer)
        case PluginError():
            return refused(part, answer, entry)
        case Exception():
            return refused(part, answer, entry, plugins.load(folder, entry.kind).ABOUT.credentials_url)
        case _:
            raise answer
