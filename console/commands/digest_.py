"""`leitstand digest`."""

from datetime import date
from typing import Annotated

import typer
from sqlalchemy import Connection

from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock, settings
from leitstand.errors import InputError
from triage.digests import store
from triage.digests.digest import Digest, ends_in, last_due, week_of
from triage.policy import Policy, compile_policy
from workers import digests

app = typer.Typer(
    no_args_is_help=True,
    help="Show a week's digest for the product team, as it was sent or would be.\n\n"
    "Example: leitstand digest show product\n",
)


@app.callback()
def digest() -> None:
    """Show a week's digest for the product team, as it was sent or would be."""


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The digest's name under `digests`.")],
    config: Config = DEFAULT_CONFIG,
    week: Annotated[
        str, typer.Option(help="Any day of the week, as in 2026-03-04. Default: the seven days until now.")
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="The page that goes out by mail.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a digest; nothing is stored or sent.

    Example: leitstand digest show product --week 2026-03-04
    """
    with opened(config) as house, house.engine.connect() as connection:
        policy = compile_policy(house.settings)
        entry = _entry(policy, name)
        found = _digest(connection, entry, week)
    if as_json:
        print_json(found)
        return
    letter = digests.letter(entry, found, policy)
    typer.echo(letter.html if html else f"{letter.subject}\n\n{letter.text}")


@app.command("list")
def list_(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the digests, when each was due last, and whom it goes to.

    Example: leitstand digest list
    """
    with opened(config) as house, house.engine.connect() as connection:
        entries, now = compile_policy(house.settings).digests, clock.now()
        dues = [(entry, last_due(entry, now)) for entry in entries]
        told = [(e, at, store.made(connection, e.name, week_of(e, at)) is not None) for e, at in dues]
    for entry, at, was_made in told:
        if as_json:
            print_json({"name": entry.name, "target": entry.target, "due_at": at, "made": was_made})
        else:
            state = "made" if was_made else "not made yet"
            typer.echo(f"{entry.name}  to {entry.target}  {entry.weekday} {entry.time} {entry.timezone}  {state}")
    if not told and not as_json:
        typer.echo("No digest: see [[digests]].")


def _entry(policy: Policy, name: str) -> settings.Digest:
    known = {entry.name: entry for entry in policy.digests}
    if name not in known:
        raise InputError(f"there is no digest {name!r}; known: {', '.join(sorted(known)) or 'none'}", "name")
    return known[name]


def _digest(connection: Connection, entry: settings.Digest, week: str) -> Digest:
    """The one that was made for that week; where none was, what it would be."""
    if not week:
        return digests.gather(connection, entry, clock.now())
    try:
        day = date.fromisoformat(week)
    except ValueError:
        raise InputError("must be a day such as 2026-03-04", "--week") from None
    monday = date.fromordinal(day.toordinal() - day.weekday())
    made = store.made(connection, entry.name, monday)
    return made or digests.gather(connection, entry, ends_in(entry, monday))
