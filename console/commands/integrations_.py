"""`leitstand integrations`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from console.catalogue import Kind, kinds
from console.offline.wording import unabridged
from console.options import AsJson, Unread, print_json
from leitstand.errors import InputError

_HEADINGS = {"listeners": "Sources – where posts come from", "targets": "Targets – who is told"}


def command(
    kind: Annotated[str, typer.Argument(help="Show one: its guide and every option.", show_default=False)] = "",
    config: Unread = None,
    as_json: AsJson = False,
) -> None:
    """List every source and target, the secrets each needs, and where they are issued. Reads no configuration.

    Example: leitstand integrations webhook
    """
    found = [one for one in kinds() if not kind or one.name == kind]
    if not found:
        raise InputError(f"there is no kind {kind!r}; known: {', '.join(sorted({one.name for one in kinds()}))}")
    if as_json:
        for one in found:
            print_json(one)
    elif kind:
        for one in found:
            _explain(one, Console())
    else:
        _list(found, Console())


def _list(found: list[Kind], say: Console) -> None:
    for table, heading in _HEADINGS.items():
        rows = unabridged("kind", "what it is", "secrets", "issued at")
        for one in (one for one in found if one.table == table):
            secrets = ", ".join(one.secrets) or "none"
            extra = f"  (pip install 'leitstand[{one.extra}]')" if one.extra else ""
            rows.add_row(*map(Text, (one.name, one.summary + extra, secrets, one.credentials_url or "–")))
        say.print(f"[bold]{heading}[/]", rows, "")
    say.print("One in full, with every option: leitstand integrations KIND", highlight=False)


def _explain(one: Kind, say: Console) -> None:
    say.print(f'[bold]{one.title}[/]  \\[{one.table}.…] kind = "{one.name}"\n', highlight=False)
    for paragraph in one.guide.split("\n\n"):
        as_it_is = paragraph.startswith(" ")
        words = paragraph if as_it_is else " ".join(paragraph.split())
        say.print(words, markup=False, highlight=False, soft_wrap=as_it_is, end="\n\n")
    if one.credentials_url:
        say.print(f"Secrets are issued at {one.credentials_url}\n", highlight=False)
    rows = unabridged("option", "takes", "default", "meaning")
    rows.columns[3].ratio = 1
    for option in one.options:
        name = f"{option.name}, or {option.name}_file" if option.secret else option.name
        default = "required" if option.required else option.default or "–"
        rows.add_row(*map(Text, (name, option.type, default, option.description)))
    say.print(rows)
