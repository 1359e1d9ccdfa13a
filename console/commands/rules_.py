"""`leitstand rules`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline import ruling
from console.offline.posts import Post, Refused, open_posts
from console.offline.progress import shown
from console.offline.ruling import Ruled
from console.offline.wording import count, marked, refuse, severity, unabridged
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.model import Severity
from nlp import pipeline
from workers import setup

LIMIT = 50

_HELP = """Try the rules of the configuration on the posts of a file.

Example: leitstand rules test sample.jsonl
"""

app = typer.Typer(no_args_is_help=True, help=_HELP)


@app.callback()
def rules() -> None:
    """Try the rules of the configuration on the posts of a file."""


@app.command()
def test(
    file: Annotated[
        Path, typer.Argument(help='JSON lines, plain or .gz; "-" is standard input. Only `text` is required.')
    ],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show for every post which rule decides, with what it found, and what it sets. Nothing is stored or sent.

    Where no rule matches, the matrix decides, and its reasons are shown. At the end: how many posts each rule took.

    Example: leitstand rules test sample.jsonl --json
    """
    settings = setup.load(config, secrets=False)
    taken: Counter[str] = Counter({rule.name: 0 for rule in settings.rules})
    table, refused, done = _table(), 0, 0
    with open_posts(file) as posts:
        for line in ruling.test(shown(posts.posts(clock.now), posts, "judging"), settings, pipeline.load(settings)):
            if isinstance(line, Refused):
                refused += 1
                refuse(posts.name, line)
                continue
            post, ruled = line
            done += 1
            taken.update([ruled.rule] if ruled.rule else [])
            if as_json:
                print_json(ruled)
            elif done <= LIMIT:
                _add(table, post, ruled)
    if not as_json:
        _sum_up(table, taken, done)
    if refused:
        raise typer.Exit(1)


def _table() -> Table:
    table = unabridged("id", "post", "rule", "why", "case", "sets")
    table.columns[1].ratio, table.columns[3].ratio = 2, 2
    return table


def _add(table: Table, post: Post, ruled: Ruled) -> None:
    sets = [ruled.team, *ruled.tags, *(word for word in (ruled.policy, ruled.sla) if word)]
    level = severity(Severity(ruled.severity)) if ruled.severity else Text()
    table.add_row(
        str(post.id), marked(post.mention.text, [], 60), Text(ruled.rule or "–"),
        Text("; ".join(ruled.why)), ruled.case, Text.assemble(level, f" {', '.join(filter(None, sets))}"),
    )  # fmt: skip


def _sum_up(table: Table, taken: Counter[str], done: int) -> None:
    say = Console()
    if done:
        say.print(table, "")
    for name, posts in taken.items():
        say.print(f"{name}: {count(posts, 'post')}", highlight=False, markup=False)
    more = f"; the first {LIMIT} are shown, --json prints all" if done > LIMIT else ""
    say.print(f"{count(done, 'post')} judged{more}.", highlight=False)
