"""What every role needs before it starts: the settings checked by all stages, and where its services are."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from leitstand import configuration, database
from leitstand.configuration import Check
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from listeners import watchlists
from triage import checks
from workers.addresses import POSTGRES_SOCKET, database_url, redis_url, socket_dir

CHECKS: Sequence[Check] = (watchlists.problems, checks.problems)


@dataclass(frozen=True, slots=True)
class Place:
    """Where this installation's services are, embedded or not."""

    database_url: str
    redis_url: str
    metrics_dir: Path
    embedded_database: bool
    embedded_redis: bool


_held: dict[Path, Settings] = {}


def load(path: Path | str, *, secrets: bool = True) -> Settings:
    """The settings, checked whole, or those held for this file. Raises ConfigurationError.

    Commands that talk to nobody do without `secrets`: they may be absent.
    """
    return _held.get(Path(path).resolve()) or configuration.load(Path(path), CHECKS, secrets=secrets)


def hold(path: Path, settings: Settings) -> None:
    """Whatever becomes of the file, this process and what it forks go by these settings.

    A role that is started again must not go by others than those beside it, nor stay away because of half an edit.
    """
    _held[path.resolve()] = settings


def place(settings: Settings) -> Place:
    """Where the services of these settings are."""
    data_dir = settings.server.data_dir
    external_database, external_redis = settings.database.url, settings.redis.url
    return Place(
        database_url=_of_libpq(external_database.get_secret_value()) if external_database else database_url(data_dir),
        redis_url=external_redis.get_secret_value() if external_redis else redis_url(data_dir),
        metrics_dir=data_dir / "metrics",
        embedded_database=external_database is None,
        embedded_redis=external_redis is None,
    )


def _of_libpq(url: str) -> str:
    """As PostgreSQL's own library takes it, which knows nothing of drivers."""
    return f"postgresql://{url.partition('://')[2]}"


def open_database(where: Place, *, pool_size: int) -> Engine:
    """An engine on a database of the right revision. The embedded one is brought there; an external one must be there.

    Raises ServiceError, in words: it cannot be reached, or `leitstand db upgrade` is needed.
    """
    engine = database.engine(where.database_url, pool_size=pool_size)
    try:
        if where.embedded_database:
            database.upgrade(engine)
        else:
            database.require_current(engine)
    except OperationalError as error:
        engine.dispose()
        raise unreached(where, error) from None
    except ServiceError:
        engine.dispose()
        raise
    return engine


def unreached(where: Place, error: OperationalError) -> ServiceError:
    """Why PostgreSQL cannot be used, in words."""
    home = where.metrics_dir.parent
    if where.embedded_database and not (socket_dir(home) / POSTGRES_SOCKET).exists():
        return ServiceError(f"no PostgreSQL runs on {home}: start `leitstand run`, or set database.url")
    return ServiceError(database.in_words(error))


def host_slot(slot: str) -> str:
    """A name for this process that no other living process of any host has."""
    return f"{socket.gethostname()}-{slot}-{os.getpid()}"
