"""`leitstand erase`."""

from typing import Annotated

import typer

from console.offline.wording import count
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from escalation_bridge import forgetting
from leitstand.errors import InputError
from listeners import erasure as posts
from triage.policy import compile_policy
from workers.erasure import erase


def command(
    account: Annotated[str, typer.Argument(help="channel:handle or channel:id, as in x:somebody.")],
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase an author: their posts and their name leave the database, and every target that had a copy is told.

    It cannot be undone. The emptied rows stay, so that the next look at the network does not bring the posts back.

    Example: leitstand erase x:somebody
    """
    channel, colon, author = account.partition(":")
    if not (channel and colon and author.removeprefix("@")):
        raise InputError("an account is written channel:handle, as in x:somebody", "account")
    with opened(config) as house:
        if not yes:
            with house.engine.connect() as connection:
                found = len(posts.find(connection, channel, author.removeprefix("@")))
            typer.confirm(f"Erase {count(found, 'post')} of {account} for good?", abort=True, err=True)
        with house.engine.begin() as connection:
            able = forgetting.able(house.settings.targets)
            erased = erase(connection, channel, author, compile_policy(house.settings), able)
    if as_json:
        print_json(erased)
    elif not erased.mentions:
        typer.echo(f"Nothing is stored of {account}.")
    else:
        told = f" Told: {', '.join(erased.targets)}." if erased.targets else ""
        typer.echo(f"Erased {count(erased.mentions, 'post')} in {count(erased.cases, 'case')}.{told}")
