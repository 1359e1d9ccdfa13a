"""`leitstand query explain`."""

from pathlib import Path
from typing import Annotated

import typer

from console.commands.query_chosen import Query, Watchlist, configured, queries
from console.offline.explaining import PAID, PRICE, Explained, Sample, explain, sample
from console.offline.posts import open_posts
from console.offline.progress import shown
from console.offline.wording import count
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.errors import InputError, QueryError
from listeners.query.parser import parse
from listeners.query.render import render_error
from listeners.query.tree import Node

# Of a query that takes dozens of rules nobody reads them all.
MOST_SHOWN = 3


def command(
    query: Query = None,
    posts: Annotated[
        Path | None,
        typer.Option(
            "--posts", help="JSON lines of typical posts: what comes too many, and how many a day, is counted in them."
        ),
    ] = None,
    a_day: Annotated[
        float | None, typer.Option("--a-day", min=0, help="How many matching posts you expect a day, for the cost.")
    ] = None,
    watchlist: Watchlist = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show what each network is asked for a query, what is checked here, how much comes too many, and X's cost.

    Without a query, for the watchlists of the configuration.

    Example: leitstand query explain 'acme AND (down OR stör*) AND lang:de' --posts sample.jsonl
    """
    settings = configured(config, query, watchlist)
    asked = queries(settings, watchlist) if settings else {"": query or ""}
    for name, text in asked.items():
        if name and not as_json:
            typer.echo(f"{name}: {text}\n")
        _explain(name, text, posts, a_day, as_json)
    if not as_json and posts is None:
        typer.echo("How much comes too many is counted in a file of typical posts: --posts FILE.")


def _explain(name: str, query: str, posts: Path | None, a_day: float | None, as_json: bool) -> None:
    try:
        node = parse(query)
    except QueryError as error:
        raise InputError(render_error(query, error)) from None
    for explained in explain(query, node, _counted(node, posts) if posts else None, a_day):
        if as_json:
            print_json({**({"watchlist": name} if name else {}), **_row(explained)})
        else:
            _tell(explained)


def _counted(node: Node, path: Path) -> Sample:
    with open_posts(path) as opened:
        return sample(node, shown(opened.posts(clock.now), opened, "counting"))


def _row(explained: Explained) -> dict[str, object]:
    return {
        "source": explained.network.name,
        "pushed": explained.asked,
        "checked_here": explained.checked,
        "over_fetch": explained.over_fetch,
        "posts_a_day": explained.a_day,
        "cost_a_day": explained.cost_a_day,
    }


def _tell(explained: Explained) -> None:
    network, asked = explained.network, explained.asked
    typer.echo(f"{network.name}: {_headline(explained)}")
    for native in (asked or ())[:MOST_SHOWN]:
        typer.echo(f"    {native}")
    if asked and len(asked) > MOST_SHOWN:
        typer.echo(f"    … and {len(asked) - MOST_SHOWN:,} more (--json shows all)")
    if asked and explained.checked:
        typer.echo(f"    checked here only: {', '.join(explained.checked)}")
    if figures := _figures(explained):
        typer.echo(f"    {figures}")
    typer.echo("")


def _headline(explained: Explained) -> str:
    if explained.asked is None:
        return explained.network.everything
    if not explained.asked:
        return "no post of it can match; it is not asked"
    return count(len(explained.asked), *explained.network.what)


def _figures(explained: Explained) -> str:
    """Over-fetch, and what it costs."""
    told = []
    if explained.over_fetch is not None:
        told.append(f"about {explained.over_fetch:,.1f} posts come for each that matches")
    if explained.a_day is not None and explained.network.name == PAID:
        told.append(f"{count(round(explained.a_day), 'post')} a day, US$ {explained.cost_a_day:,.2f} at {PRICE:g} each")
    return "; ".join(told)
