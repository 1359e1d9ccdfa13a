"""Which queries a command of `leitstand query` is about: one that is given, or watchlists of the configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from leitstand.errors import InputError
from leitstand.settings import Settings
from workers import setup

Query = Annotated[
    str | None,
    typer.Argument(
        help="A watchlist query, in quotes for the shell; without one, the configuration's.", show_default=False
    ),
]
Watchlist = Annotated[str, typer.Option("--watchlist", "-w", help="Only this watchlist of the configuration.")]


def configured(config: Path, query: str | None, watchlist: str) -> Settings | None:
    """The configuration whose queries are meant; None where one is given. Raises InputError where both are named."""
    if query is None:
        return setup.load(config, secrets=False)
    if watchlist:
        raise InputError("either a query or --watchlist: which of them is meant?")
    return None


def queries(settings: Settings, watchlist: str) -> Mapping[str, str]:
    """The queries by watchlist: of all, or of the one named. Raises InputError if there is none of that name."""
    found = {one.name: one.query for one in settings.watchlists}
    if not watchlist:
        return found
    if watchlist not in found:
        raise InputError(f"there is no watchlist {watchlist!r}; known: {', '.join(found) or 'none'}")
    return {watchlist: found[watchlist]}
