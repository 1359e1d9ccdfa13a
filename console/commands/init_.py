"""`leitstand init`."""

from pathlib import Path
from typing import Annotated

import typer

from console import starter
from console.options import DEFAULT_CONFIG
from leitstand.errors import InputError


def command(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write; made if it is not there. Default: here.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The configuration file to write, in place of FOLDER; the rest beside it."),
    ] = None,
) -> None:
    """Write a commented configuration that works as it is, secrets of your own, and posts to try it with.

    Nothing that is there is overwritten.

    Example: leitstand init acme
    """
    if folder and config:
        raise InputError(f"say where once: leitstand init {folder}, or leitstand init --config {config}")
    path = config or (folder or Path()) / DEFAULT_CONFIG
    pieces = starter.pieces(path.name)
    width = max(len(piece.path) for piece in pieces) + 2
    for piece in starter.write(path.parent, pieces):
        verb = "made " if piece.secret else "wrote"
        typer.echo(f"{verb}  {piece.path:<{width}}{piece.about}")
    go = "" if path.parent.resolve() == Path.cwd() else f"cd {path.parent} && "
    option = "" if path.name == DEFAULT_CONFIG.name else f" --config {path.name}"
    typer.echo(f"\nNext: {go}leitstand try {starter.SAMPLE}{option}")
