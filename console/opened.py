"""An installation's database, opened for a short command and closed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from leitstand import database
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from workers import setup
from workers.services import services
from workers.setup import Place


@dataclass(frozen=True, slots=True)
class Opened:
    """The settings, where the services are, and the database."""

    settings: Settings
    place: Place
    engine: Engine


@contextmanager
def opened(config: Path) -> Iterator[Opened]:
    """The installation of a configuration file; embedded servers run while inside, or are joined where a daemon runs.

    Raises ConfigurationError, and ServiceError also where PostgreSQL goes away meanwhile.
    """
    settings = setup.load(config)
    with services(settings) as where:
        engine = setup.open_database(where, pool_size=2)
        try:
            yield Opened(settings, where, engine)
        except OperationalError as error:
            raise ServiceError(database.in_words(error)) from None
        finally:
            engine.dispose()
