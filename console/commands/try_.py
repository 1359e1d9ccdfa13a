"""`leitstand try`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from console.offline import playbill
from console.offline.fetching import fetch
from console.offline.posts import Post, open_posts
from console.offline.rehearsal import rehearse
from console.offline.wording import refuse
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.errors import InputError
from leitstand.model import Mention
from leitstand.settings import Settings
from listeners.watchlists import trees
from nlp import pipeline
from workers import setup


@dataclass(frozen=True, slots=True)
class _Posts:
    """What is tried: the mentions with their ids, and how many parts of the source could not be read."""

    ids: list[str | int]
    mentions: list[Mention]
    wrong: int


def command(
    source: Annotated[
        str, typer.Argument(help="A listener of the configuration, or a file of posts (JSON lines, .gz too).")
    ],
    config: Config = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Try at most so many posts.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show what would happen to posts: matched, read, severity, deadlines, who would be told, and why.

    Nothing is stored, nothing is sent; the daemon need not run.

    Example: leitstand try sample.jsonl
    """
    settings = setup.load(config, secrets=False)
    if source in settings.listeners:
        settings = setup.load(config)
    found = _posts(source, settings, limit)
    now = max((mention.received_at for mention in found.mentions), default=clock.now())
    rehearsal = rehearse(found.mentions, settings, pipeline.load(settings), now)
    if as_json:
        for row in playbill.as_json(rehearsal, found.ids):
            print_json(row)
    elif found.mentions:
        playbill.show(rehearsal, now, Console())
        typer.echo("Next: leitstand check")
    elif not found.wrong:
        typer.echo(f"{source} has no posts now.")
    if found.wrong:
        raise typer.Exit(1)


def _posts(source: str, settings: Settings, limit: int) -> _Posts:
    listener = settings.listeners.get(source)
    if listener is not None:
        fetched = fetch(source, listener, trees(settings), limit)
        for error in fetched.errors:
            typer.echo(error, err=True)
        return _Posts([m.external_id for m in fetched.mentions], list(fetched.mentions), len(fetched.errors))
    path = Path(source)
    if source != "-" and not path.exists():
        known = ", ".join(settings.listeners) or "none"
        raise InputError(f"{source} is neither a listener of the configuration ({known}) nor a file")
    return _from_file(path, limit)


def _from_file(path: Path, limit: int) -> _Posts:
    found = _Posts([], [], 0)
    wrong = 0
    now = clock.now()
    with open_posts(path) as posts:
        for line in posts.posts(lambda: now):
            if isinstance(line, Post):
                found.ids.append(line.id)
                found.mentions.append(line.mention)
            else:
                wrong += 1
                refuse(posts.name, line)
            if len(found.mentions) == limit:
                break
    return _Posts(found.ids, found.mentions, wrong)
