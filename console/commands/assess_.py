"""`leitstand assess`."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from console.offline.assessing import assess, form
from console.offline.posts import Post, Refused, open_posts
from console.offline.progress import shown
from console.offline.wording import count, intents, marked, refuse, sentiment, urgency
from console.options import AsJson, WhoseModel, print_json
from leitstand import clock
from leitstand.model import Assessment
from nlp import pipeline
from workers import setup

LIMIT = 50


def command(
    file: Annotated[
        Path, typer.Argument(help='JSON lines, plain or .gz; "-" is standard input. Only `text` is required.')
    ],
    as_json: AsJson = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="A folder that `leitstand train` wrote. Without: the shipped model.")
    ] = None,
    config: WhoseModel = None,
) -> None:
    """Assess the posts of a file offline: language, sentiment, urgency, intents, and why. Needs no configuration.

    Example: leitstand assess posts.jsonl --json
    """
    started, refused, done = time.monotonic(), 0, 0
    settings = setup.load(config, secrets=False) if config else None
    assessor = pipeline.load(settings, str(model or ""))
    table = _table()
    with open_posts(file) as posts:
        for line in assess(shown(posts.posts(clock.now), posts, "assessing"), assessor):
            if isinstance(line, Refused):
                refused += 1
                refuse(posts.name, line)
                continue
            done += 1
            if as_json:
                print_json(form(*line))
            elif done <= LIMIT:
                _add(table, *line)
    if not as_json:
        _sum_up(table, done, time.monotonic() - started)
    if refused:
        raise typer.Exit(1)


def _table() -> Table:
    table = Table("id", "post", "language", "sentiment", "urgency", "intents", box=None, padding=(0, 2, 0, 0))
    table.columns[1].ratio = 1
    return table


def _add(table: Table, post: Post, assessment: Assessment) -> None:
    places = [(r.start, r.end) for r in assessment.reasons if r.field == "text"]
    table.add_row(
        str(post.id),
        marked(post.mention.text, places),
        assessment.language,
        sentiment(assessment),
        urgency(assessment.urgency),
        intents(assessment),
    )


def _sum_up(table: Table, done: int, seconds: float) -> None:
    say = Console()
    if done:
        say.print(table)
    more = f", the first {LIMIT} are shown; --json prints all, with the reasons" if done > LIMIT else ""
    say.print(f"\n{count(done, 'post')} assessed in {seconds:.1f} s{more}.", highlight=False)
