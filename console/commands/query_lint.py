"""`leitstand query lint`."""

from collections.abc import Mapping

import typer

from console.commands.query_chosen import Query, Watchlist, configured, queries
from console.offline.wording import count
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand.errors import InputError, QueryError
from leitstand.settings import Settings
from listeners.query.lint import LintWarning
from listeners.query.overlap import Overlap, overlaps
from listeners.query.parser import lint as doubts
from listeners.query.render import render_error
from listeners.watchlists import trees


def command(
    query: Query = None,
    watchlist: Watchlist = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a query, or perhaps not meant. Exit code 2 if it is refused.

    Without a query, all watchlists of the configuration, and which of them find the same posts.

    Example: leitstand query lint 'acme AND (down OR stör*)'
    """
    if settings := configured(config, query, watchlist):
        _lint_all(settings, queries(settings, watchlist), as_json)
        return
    query = query or ""
    try:
        found = doubts(query)
    except QueryError as error:
        if as_json:
            print_json({"ok": False, "error": _place(error.reason, error.start, error.end, error.suggestion)})
            raise typer.Exit(2) from None
        raise InputError(render_error(query, error)) from None
    if as_json:
        print_json({"ok": True, "warnings": _places(found)})
        return
    _tell(query, found)
    typer.echo(f"The query can be used; {count(len(found), 'doubt')} above." if found else "The query can be used.")


def _lint_all(settings: Settings, asked: Mapping[str, str], as_json: bool) -> None:
    """The configuration is read already, so that every query can be used."""
    found = {name: doubts(query) for name, query in asked.items()}
    shared = [pair for pair in overlaps(trees(settings)) if pair.inner in asked or pair.outer in asked]
    if as_json:
        for name, warnings in found.items():
            print_json({"watchlist": name, "ok": True, "warnings": _places(warnings), "overlaps": _of(name, shared)})
        return
    for name, query in asked.items():
        if found[name]:
            typer.echo(f"{name}:")
            _tell(query, found[name])
    for pair in shared:
        typer.echo(_said(pair))
    doubtful = sum(map(len, found.values())) + len(shared)
    told = f"; {count(doubtful, 'doubt')} above" if doubtful else ""
    typer.echo(f"{count(len(found), 'watchlist')} can be used{told}.")


def _of(name: str, shared: list[Overlap]) -> list[str]:
    """The watchlists that find all that this one finds."""
    return [pair.outer for pair in shared if pair.inner == name] + [
        pair.inner for pair in shared if pair.outer == name and pair.same
    ]


def _said(pair: Overlap) -> str:
    if pair.same:
        return f"{pair.inner} and {pair.outer} match the same posts: remove one of them.\n"
    return f"{pair.inner}: every post of it is also one of {pair.outer}.\n"


def _tell(query: str, warnings: list[LintWarning]) -> None:
    for warning in warnings:
        error = QueryError(warning.message, warning.start, warning.end, warning.suggestion)
        typer.echo(render_error(query, error) + "\n")


def _places(warnings: list[LintWarning]) -> list[dict[str, str | int]]:
    return [_place(warning.message, warning.start, warning.end, warning.suggestion) for warning in warnings]


def _place(message: str, start: int, end: int, suggestion: str) -> dict[str, str | int]:
    return {"message": message, "start": start, "end": end, "suggestion": suggestion}
