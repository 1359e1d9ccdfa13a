"""`leitstand init`."""

from pathlib import Path
from typing import Annotated

import typer

from console import starter


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")] = Path(),
) -> None:
    """Write a commented configuration that works as it is, secrets of your own, and posts to try it with.

    Nothing that is there is overwritten.

    Example: leitstand init acme
    """
    width = max(len(piece.path) for piece in starter.PIECES) + 2
    for piece in starter.write(folder):
        verb = "made " if piece.secret else "wrote"
        typer.echo(f"{verb}  {piece.path:<{width}}{piece.about}")
    go = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    typer.echo(f"\nNext: {go}leitstand try {starter.SAMPLE}")
