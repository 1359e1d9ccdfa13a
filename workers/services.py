"""The services of an installation for a short command: those that run, or embedded ones for as long as it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from leitstand.settings import Settings
from workers import setup
from workers.embedded import embedded_services
from workers.setup import Place


@contextmanager
def services(settings: Settings) -> Iterator[Place]:
    """Where PostgreSQL and Redis are; embedded ones run while inside. Raises ServiceError if one does not start."""
    where = setup.place(settings)
    if not (where.embedded_database or where.embedded_redis):
        yield where
        return
    with embedded_services(settings.server.data_dir, postgres=where.embedded_database, redis=where.embedded_redis):
        yield where
