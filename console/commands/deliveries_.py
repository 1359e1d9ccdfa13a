"""`leitstand deliveries`."""

from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline.wording import count, due, span
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from escalation_bridge import ledger, pauses
from escalation_bridge.ledger import Entry, State, TargetSummary
from leitstand import clock
from leitstand.errors import InputError

_HELP = """List what is being delivered, or send dead letters again.

Example: leitstand deliveries list --state dead
"""

app = typer.Typer(no_args_is_help=True, help=_HELP)

Target = Annotated[str | None, typer.Option(help="Only this target's.")]


@app.callback()
def deliveries() -> None:
    """List what is being delivered, or send dead letters again."""


@app.command("list")
def list_(
    config: Config = DEFAULT_CONFIG,
    target: Target = None,
    state: Annotated[str | None, typer.Option(help=f"Only this state: {', '.join(get_args(State))}.")] = None,
    case: Annotated[int | None, typer.Option(min=1, help="Only this case's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the newest first.

    Example: leitstand deliveries list --state dead
    """
    chosen = _state(state)
    with opened(config) as house, house.engine.connect() as connection:
        entries = ledger.list_deliveries(connection, target=target, state=chosen, case_number=case, limit=limit)
        stand = ledger.summary(connection)
    if as_json:
        for entry in entries:
            print_json(entry)
    else:
        _show(entries, stand)


@app.command()
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Deliveries to send again.", show_default=False)] = None,
    config: Config = DEFAULT_CONFIG,
    target: Target = None,
    every: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
) -> None:
    """Send dead letters again: those named, a target's, or --all. Targets that can tell are asked first.

    With --target, a target that rests is tried at once: you have mended it.

    Example: leitstand deliveries retry --target sev1-group
    """
    if bool(ids) + bool(target) + every != 1:
        raise InputError("name deliveries, or --target, or --all")
    with opened(config) as house, house.engine.begin() as connection:
        now = clock.now()
        rested = target is not None and pauses.resume(connection, target, now)
        put_back = ledger.retry_dead(connection, now, ids=ids or None, target=target)
    if rested:
        typer.echo(f"{target} rests no longer.")
    if put_back:
        typer.echo(f"{count(put_back, 'delivery goes', 'deliveries go')} out again when the daemon runs.")
    if rested or put_back:
        return
    typer.echo("No dead letter among them: `leitstand deliveries list --state dead` lists them.", err=True)
    raise typer.Exit(1)


def _state(state: str | None) -> State | None:
    found: State | None = next((known for known in get_args(State) if known == state), None)
    if state is not None and found is None:
        raise InputError(f"there is no state {state!r}; known: {', '.join(get_args(State))}")
    return found


def _show(entries: list[Entry], stand: list[TargetSummary]) -> None:
    now = clock.now()
    resting = {s.target: s for s in stand if s.paused_until and s.paused_until > now}
    table = Table(
        "id",
        "target",
        "case",
        "severity",
        "what",
        "state",
        "tries",
        "age",
        "next",
        "error",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.columns[9].ratio = 1
    for e in entries:
        rests = resting[e.target].paused_until if e.target in resting else None
        at = max(e.next_attempt_at, rests or now)
        coming = "–" if e.ended_at else due(at, now) if at > now else "now"
        what = f"{e.type} {e.step}".strip()
        table.add_row(
            str(e.id), e.target, str(e.case_number), e.severity, what, e.state, str(e.attempts),
            span(now - e.created_at), coming, Text(e.error),
        )  # fmt: skip
    if entries:
        Console().print(table)
    typer.echo(f"{count(len(entries), 'delivery', 'deliveries')}." if entries else "No delivery.")
    for name in dict.fromkeys(e.target for e in entries if e.target in resting and not e.ended_at):
        one = resting[name]
        typer.echo(f"{name} rests {due(one.paused_until or now, now)}: {one.error}")
