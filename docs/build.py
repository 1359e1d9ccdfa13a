"""Writes the pages that the code itself can tell: `./run docs`. `docs/check.py` holds them to it.

settings ─► configuration.md, leitstand.schema.json
the sources' modules ─► sources.md
the targets' modules ─► integrations.md, which lists the sources too
the commands' own help ─► commands.md
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import click
from pydantic import BaseModel
from typer.main import get_command

from console.catalogue import Kind, Option, kinds, options
from console.cli import COMMANDS, build
from console.starter import schema_text
from leitstand import settings
from monitoring import reference

DOCS = Path(__file__).parent
_GENERATED = "<!-- written by docs/build.py: ./run docs -->\n"
_EXAMPLE = re.compile("Example: (.+)")
_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[brand]", settings.Brand),
    ("[server]", settings.Server),
    ("[database]", settings.Database),
    ("[redis]", settings.Redis),
    ("[workers]", settings.Workers),
    ("[retention]", settings.Retention),
    ("[[watchlists]]", settings.Watchlist),
    ("[listeners.NAME]", settings.ListenerSettings),
    ("[targets.NAME]", settings.TargetSettings),
    ("[teams.NAME]", settings.Team),
    ("[customers.TIER]", settings.Customers),
    ("[triage]", settings.Triage),
    ("[feedback]", settings.Feedback),
    ("[knowledge]", settings.Knowledge),
    ("[[replies]]", settings.Reply),
    ("[[digests]]", settings.Digest),
    ("[nlp]", settings.Nlp),
    ("[incidents]", settings.Incidents),
    ("[[rules]]", settings.Rule),
    ("[rules.when]", settings.When),
    ("[rules.then]", settings.Then),
    ("count", settings.Counter),
    ("[[sla]]", settings.Sla),
    ("[calendars.NAME]", settings.Calendar),
    ("[escalation.NAME]", settings.Escalation),
    ("[[escalation.NAME.steps]]", settings.Step),
    ("[escalation.NAME.steps.only]", settings.Only),
    ("[rotas.NAME]", settings.Rota),
    ("[[rotas.NAME.overrides]]", settings.Override),
    ("[escalations]", settings.Escalations),
    ("[api.tokens.NAME]", settings.Token),
)


def pages() -> dict[Path, str]:
    """Every generated file and what is to be in it."""
    return {
        DOCS / "configuration.md": _page(_configuration()),
        DOCS / "sources.md": _page(_sources()),
        DOCS / "integrations.md": _page(_integrations()),
        DOCS / "commands.md": _page(_commands()),
        DOCS / "leitstand.schema.json": schema_text(),
    }


def _page(blocks: Iterable[str]) -> str:
    return _GENERATED + "\n" + "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _configuration() -> Iterator[str]:
    yield "# Configuration"
    yield (
        "One TOML file, `leitstand.toml` unless `--config` or `LEITSTAND_CONFIG` names another. `leitstand init` writes"
        " one to start from; `leitstand check` says everything that is wrong with it, each with its line. An unknown"
        " key is an error."
    )
    yield (
        "- `${NAME}` anywhere in a value is replaced by the environment variable.\n"
        '- A secret may come from a file: `token_file = "secrets/token"` instead of `token`.\n'
        "- Every path is relative to this file's folder.\n"
        "- A duration is written as `90s`, `15m`, `1h30m`, `2d`.\n"
        "- Editors complete and check it with [leitstand.schema.json](leitstand.schema.json): put"
        " `#:schema ./leitstand.schema.json` in the first line, as `init` does."
    )
    for heading, section in _TABLES:
        yield f"## `{heading}`"
        yield (section.__doc__ or "").strip()
        yield _options(options(section))
    yield (
        "The further keys of a listener depend on its `kind`: [sources](sources.md). So do those of a target:"
        " [integrations](integrations.md)."
    )


def _sources() -> Iterator[str]:
    yield "# Sources"
    yield (
        "How each network is heard: where its credential comes from, what can be set, what it costs and cannot tell."
        " Targets are under [integrations](integrations.md)."
    )
    found = [kind for kind in kinds() if kind.table == "listeners"]
    yield "\n".join(f"- [{kind.title}](#{_anchor(kind)}): {kind.summary}" for kind in found)
    for kind in found:
        yield from _guide(kind)


def _integrations() -> Iterator[str]:
    yield "# Integrations"
    yield (
        "Everything that can be connected, and the secrets that each needs; `leitstand integrations` lists the same,"
        " `leitstand check --online` tries those you use. The guides to the listeners are [a page of their"
        " own](sources.md), those to the targets follow below."
    )
    found = list(kinds())
    yield "\n".join(
        ["| kind | | secrets | issued at |", "|---|---|---|---|"]
        + [f"| [{k.name}]({_place(k)}) | {k.summary} | {_codes(k.secrets)} | {k.credentials_url} |" for k in found]
    )
    for kind in found:
        if kind.table == "targets":
            yield from _guide(kind)


def _guide(kind: Kind) -> Iterator[str]:
    yield f"## {kind.table[:-1].capitalize()}: {kind.name}"
    yield kind.guide
    if kind.credentials_url:
        yield f"Secrets are issued at <{kind.credentials_url}>."
    if kind.extra:
        yield f"Install its SDK with `pip install 'leitstand[{kind.extra}]'`."
    yield _options(kind.options)


def _place(kind: Kind) -> str:
    return f"{'sources.md' if kind.table == 'listeners' else ''}#{_anchor(kind)}"


def _anchor(kind: Kind) -> str:
    return f"{kind.table[:-1]}-{kind.name}"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _options(found: Iterable[Option]) -> str:
    lines = ["| key | takes | default | meaning |", "|---|---|---|---|"]
    for option in found:
        default = "required" if option.required else f"`{option.default}`" if option.default else ""
        lines.append(f"| `{option.name}` | {_cell(option.type)} | {default} | {_cell(option.description)} |")
    return "\n".join(lines)


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield (
        "All take `--help` and `--config` (`-c`). Exit codes: 0 ok, 1 failed, 2 bad"
        " usage or configuration, 75 the database belongs to a newer version. What prints data takes `--json`: one JSON"
        " object a line."
    )
    yield "\n".join(f"- [`{name}`](#leitstand-{name}): {summary}" for name, summary in COMMANDS.items())
    for name in COMMANDS:
        group = cast(click.Group, get_command(build(name)))
        yield from _command(f"leitstand {name}", group.commands[name], "##")


def _command(name: str, command: click.Command, mark: str) -> Iterator[str]:
    yield f"{mark} {name}"
    yield _EXAMPLE.sub(r"Example: `\1`", (command.help or "").strip())
    children: dict[str, click.Command] | None = getattr(command, "commands", None)  # typer brings a click of its own
    if children is None:
        yield from _parameters(command)
        return
    for child, inner in children.items():
        yield from _command(f"{name} {child}", inner, mark + "#")


def _parameters(command: click.Command) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        named = (parameter.name or "").upper() if parameter.param_type_name == "argument" else ", ".join(parameter.opts)
        absent = parameter.default in (None, False, "") or callable(parameter.default)
        shown = "required" if parameter.required else "" if absent else f"`{parameter.default}`"
        rows.append(f"| `{named}` | {shown} | {_cell(getattr(parameter, 'help', None) or '')} |")
    if rows:
        yield "\n".join(["| | default | |", "|---|---|---|", *rows])


if __name__ == "__main__":
    for path, content in {**pages(), reference.PAGE: reference.page(reference.PAGE.read_text())}.items():
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(DOCS.parent)}\n")
