"""`leitstand db`."""

import typer
from sqlalchemy.exc import DBAPIError

from console.offline.wording import count
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock, database
from leitstand.errors import ServiceError
from workers import retention as limits
from workers import setup
from workers.services import services

app = typer.Typer(no_args_is_help=True, help="Bring the database's schema up to date; see what it keeps no longer.")


@app.callback()
def db() -> None:
    """Bring the database's schema up to date; see what it keeps no longer."""


@app.command()
def upgrade(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the schema to the revision this version needs. Safe to repeat, and while the daemon runs."""
    settings = setup.load(config)
    with services(settings) as where:
        engine = database.engine(where.database_url, pool_size=1)
        try:
            with engine.connect() as connection:
                before = database.revision(connection)
            database.upgrade(engine)
        except DBAPIError as error:
            raise ServiceError(database.in_words(error)) from None
        finally:
            engine.dispose()
    need = database.newest_revision()
    typer.echo(f"the schema is at {need}" + ("" if before == need else f" (was {before or 'empty'})"))


@app.command()
def retention(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Count what is past the limits of `retention` by now and would go within a day. Nothing is deleted.

    Posts that only such cases hold are not counted: they go once their case is gone.

    Example: leitstand db retention
    """
    with opened(config) as house:
        kept = house.settings.retention
        found = limits.over(house.engine, kept, clock.now())
    if as_json:
        print_json(found)
    elif not (kept.posts or kept.cases):
        typer.echo("Everything is kept for ever: [retention] sets no limit.")
    else:
        typer.echo(f"Past their limit: {count(found.posts, 'post')}, {count(found.cases, 'case')}.")
