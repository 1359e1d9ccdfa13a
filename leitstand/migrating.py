"""Alembic, kept apart: only a process that finds the schema behind needs it."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from leitstand.database import MIGRATIONS


def upgrade(connection: Connection) -> None:
    """Run every migration that the schema lacks, in the connection's own transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
