"""`leitstand db`."""

import typer

from console.options import DEFAULT_CONFIG, Config
from leitstand import database
from workers import setup
from workers.services import services

app = typer.Typer(no_args_is_help=True, help="Bring the database's schema up to date.")


@app.callback()
def db() -> None:
    """Bring the database's schema up to date."""


@app.command()
def upgrade(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the schema to the revision this version needs. Safe to repeat, and while the daemon runs."""
    settings = setup.load(config)
    with services(settings) as where:
        engine = database.engine(where.database_url, pool_size=1)
        with engine.connect() as connection:
            before = database.revision(connection)
        database.upgrade(engine)
        engine.dispose()
    need = database.newest_revision()
    typer.echo(f"the schema is at {need}" + ("" if before == need else f" (was {before or 'empty'})"))
