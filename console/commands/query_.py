"""`leitstand query`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from console.commands import query_explain, query_lint
from console.offline import querying
from console.offline.posts import Refused, open_posts
from console.offline.progress import shown
from console.offline.querying import Score, Tested
from console.offline.wording import count, marked, refuse
from console.options import AsJson, Unread, print_json
from leitstand import clock
from leitstand.errors import InputError, QueryError
from listeners.query.format import formatted
from listeners.query.parser import parse
from listeners.query.render import render_error
from listeners.query.tree import Node

LIMIT = 50
FOUND = "bold black on yellow"
MINUS = {"ignore_unknown_options": True}  # a query may begin with one

Query = Annotated[str, typer.Argument(help="A watchlist query, in quotes for the shell.", show_default=False)]

_HELP = """Check a watchlist query, and try it on the posts of a file.

Example: leitstand query test '(acme OR @acmehelp) AND NOT "acme corp"' sample.jsonl
"""

app = typer.Typer(no_args_is_help=True, help=_HELP)


@app.callback()
def query() -> None:
    """Check a watchlist query, and try it on the posts of a file."""


app.command("lint", context_settings=MINUS)(query_lint.command)
app.command("explain", context_settings=MINUS)(query_explain.command)


@app.command("format", context_settings=MINUS)
def format_(query: Query, config: Unread = None, as_json: AsJson = False) -> None:
    """Write a query evenly: AND where nothing stood, a line for each part if it is long. Comments stay.

    Needs no configuration.

    Example: leitstand query format 'acme (down OR   outage)'
    """
    try:
        written = formatted(query)
    except QueryError as error:
        raise InputError(render_error(query, error)) from None
    print_json({"query": written}) if as_json else typer.echo(written)


@app.command(context_settings=MINUS)
def test(
    query: Query,
    file: Annotated[
        Path, typer.Argument(help='JSON lines, plain or .gz; "-" is standard input. Only `text` is required.')
    ],
    config: Unread = None,
    as_json: AsJson = False,
) -> None:
    """Show which posts of a file a query matches, and where. Needs no configuration.

    If the posts carry `"match": true` or `false`, precision and recall are told at the end.

    Example: leitstand query test 'acme AND down' posts.jsonl --json
    """
    node, score, refused, table = _parsed(query), Score(), 0, _table()
    with open_posts(file) as posts:
        for line in querying.test(node, shown(posts.posts(clock.now), posts, "matching")):
            if isinstance(line, Refused):
                refused += 1
                refuse(posts.name, line)
                continue
            score.count(line)
            if as_json:
                print_json({"id": line.post.id, "match": line.match, "spans": line.spans})
            elif score.matched <= LIMIT and (line.match or line.post.label):
                _add(table, line)
    if not as_json and table.row_count:
        Console().print(table, "")
    typer.echo(_summary(score), err=as_json)
    if refused:
        raise typer.Exit(1)


def _parsed(query: str) -> Node:
    try:
        return parse(query)
    except QueryError as error:
        raise InputError(render_error(query, error)) from None


def _table() -> Table:
    table = Table("id", "", "post", box=None, padding=(0, 2, 0, 0), show_header=False)
    table.columns[2].ratio = 1
    return table


def _add(table: Table, tested: Tested) -> None:
    label, mention = tested.post.label, tested.post.mention
    said = "" if label is None or label == tested.match else "unwanted" if tested.match else "missed"
    shown = marked(mention.text, tested.spans, style=FOUND)
    if tested.in_title:
        shown = marked(mention.title, tested.in_title, style=FOUND).append(" – ").append(shown)
    table.add_row(str(tested.post.id), said, shown)


def _summary(score: Score) -> str:
    said = f"{score.matched:,} of {count(score.posts, 'post')} match."
    if not score.labelled:
        return said
    rates = (("precision", score.precision), ("recall", score.recall))
    told = ", ".join(f"{name} {'–' if rate is None else f'{rate:.1%}'}" for name, rate in rates)
    return f"{said} Of {count(score.labelled, 'labelled post')}: {told}."
