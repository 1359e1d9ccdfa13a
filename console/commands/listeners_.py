"""`leitstand listeners`."""

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline.wording import span
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from listeners import cursors, pending
from listeners.cursors import ListenerState
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
    """Show when each part of each listener was last heard, its error, and what waits to be assessed.

    Exit code 1 if one of them is down.

    Example: leitstand listeners status
    """
    with opened(config) as house, house.engine.connect() as connection:
        states, backlog = cursors.states(connection), pending.backlog(connection)
    silent = [name for name in house.settings.listeners if name not in {state.listener for state in states}]
    if as_json:
        for state in states:
            print_json(state)
    else:
        _show(states, silent, backlog)
    if any(not state.up for state in states):
        raise typer.Exit(1)


def _show(states: list[ListenerState], silent: list[str], backlog: Backlog) -> None:
    now = clock.now()
    table = Table("listener", "part", "state", "last heard", "newest post", "error", box=None, padding=(0, 2, 0, 0))
    table.columns[5].ratio = 1
    for state in states:
        heard = f"{span(now - state.last_success_at)} ago" if state.last_success_at else "never"
        newest = f"{span(now - state.last_post_at)} old" if state.last_post_at else "–"
        mark = Text("up", "green") if state.up else Text("down", "bold red")
        table.add_row(state.listener, state.part or "–", mark, heard, newest, Text(state.error))
    for name in silent:
        table.add_row(name, "–", "no word yet", "never", "–", "")
    Console().print(table)
    parked = f"; {backlog.parked:,} set aside because assessing them failed" if backlog.parked else ""
    typer.echo(f"{backlog.pending:,} posts wait to be assessed{parked}.")
