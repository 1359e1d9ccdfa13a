"""The options that many commands share, and how they print data."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="LEITSTAND_CONFIG", help="The configuration file.", show_default=True),
]
WhoseModel = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Whose `nlp` settings count: model, products, components. Without: none."),
]
# Scripts give every command the same --config; those that have no use for one take it all the same.
Unread = Annotated[Path | None, typer.Option("--config", "-c", help="Taken as by every command; it is not read.")]
DEFAULT_CONFIG = Path("leitstand.toml")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]

_encoder = msgspec.json.Encoder()


def print_json(value: Any) -> None:
    """One line of JSON on standard output."""
    sys.stdout.buffer.write(_encoder.encode(value) + b"\n")
