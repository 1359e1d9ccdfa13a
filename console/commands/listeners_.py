"""`leitstand listeners`."""

from datetime import datetime, timedelta

import typer
from rich.console import Console
from rich.text import Text

from console.offline.listening import PartStatus, put_together
from console.offline.wording import due, span, unabridged
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from listeners import budget, cursors, gaps, pending
from listeners.pending import Backlog

_HELP = """Show how each listener is doing.

Example: leitstand listeners status
"""

app = typer.Typer(no_args_is_help=True, help=_HELP)


@app.callback()
def listeners() -> None:
    """Show how each listener is doing."""


@app.command()
def status(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show how each part of each listener is, and what waits to be assessed.

    For each: when it was last heard and how old the newest post is; how long nobody listened in the last 7 days and how
    much of that was made good; when it looks again; what the network still lets us read; and what is wrong, in words.
    Exit code 1 if one of them is down.

    Example: leitstand listeners status
    """
    now = clock.now()
    with opened(config) as house, house.engine.connect() as connection:
        states, backlog = cursors.states(connection), pending.backlog(connection)
        missed, left = gaps.recent(connection, now), budget.budgets(connection, now)
    configured = [name for name, entry in house.settings.listeners.items() if entry.enabled]
    lines = put_together(configured, states, missed, left, now)
    if as_json:
        for line in lines:
            print_json(line)
    else:
        _show(lines, backlog, now)
    if any(line.state == "down" for line in lines):
        raise typer.Exit(1)


_COLOURS = {"up": "green", "catching up": "yellow", "down": "bold red", "no word yet": "dim"}


def _show(lines: list[PartStatus], backlog: Backlog, now: datetime) -> None:
    columns: dict[str, list[str | Text]] = {
        "listener": [line.listener for line in lines],
        "part": [line.part or "–" for line in lines],
        "state": [Text(line.state, _COLOURS[line.state]) for line in lines],
        "last heard": [f"{span(now - at)} ago" if (at := line.last_success_at) else "never" for line in lines],
        "newest post": [f"{span(now - at)} old" if (at := line.last_post_at) else "–" for line in lines],
        "gaps": [_gaps(line) for line in lines],
        "budget": [_budget(line) for line in lines],
        "looks again": [due(line.next_at, now) if line.next_at else "" for line in lines],
        "what is wrong": [Text(line.error or line.budget_note) for line in lines],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}  # an empty one only takes room
    table = unabridged(*shown)
    table.columns[list(shown).index("state")].no_wrap = True
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    Console().print(table)
    parked = f"; {backlog.parked:,} set aside because assessing them failed" if backlog.parked else ""
    typer.echo(f"{backlog.pending:,} posts wait to be assessed{parked}.")


def _gaps(line: PartStatus) -> str:
    if not line.gap_seconds:
        return ""
    whole, missing = timedelta(seconds=line.gap_seconds), timedelta(seconds=line.gap_unfilled_seconds)
    return f"{span(whole)}, {span(missing)} not filled" if missing else f"{span(whole)}, filled"


def _budget(line: PartStatus) -> str:
    return "" if line.budget_remaining is None else f"{line.budget_remaining:,} of {line.budget_allowed:,}"
