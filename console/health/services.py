"""PostgreSQL and Redis, really opened: embedded ones are started, or joined where a daemon runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console.health.finding import Finding, State
from leitstand import database
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from workers import queues, setup
from workers.embedded import embedded_services
from workers.setup import Place

OLDEST_POSTGRES, OLDEST_REDIS = 15, (6, 2)


def postgres(settings: Settings) -> Finding:
    """Whether PostgreSQL can be used and has the right schema."""
    where = setup.place(settings)
    embedded = where.embedded_database
    advice = "see its log in data_dir/logs" if embedded else "is database.url right, and does PostgreSQL run?"
    return _tried("PostgreSQL", _served(settings, postgres=embedded), lambda: _postgres(where), embedded, advice)


def redis(settings: Settings) -> Finding:
    """Whether Redis answers."""
    where = setup.place(settings)
    embedded = where.embedded_redis
    advice = "see its log in data_dir/logs" if embedded else "is redis.url right, and does Redis run?"
    return _tried("Redis", _served(settings, redis=embedded), lambda: _redis(where), embedded, advice)


def _served(settings: Settings, *, postgres: bool = False, redis: bool = False) -> AbstractContextManager[object]:
    if not (postgres or redis):
        return nullcontext()
    return embedded_services(settings.server.data_dir, postgres=postgres, redis=redis)


def _tried(
    part: str, served: AbstractContextManager[object], ask: Callable[[], str], embedded: bool, advice: str
) -> Finding:
    try:
        with served:
            said = ask()
    except ServiceError as error:
        return Finding(part, State.FAIL, str(error))
    except DBAPIError as error:
        return Finding(part, State.FAIL, _first_line(error.orig or error), advice)
    except (RedisError, ValueError) as error:
        return Finding(part, State.FAIL, _first_line(error), advice)
    return Finding(part, State.OK, f"{said}, {'embedded' if embedded else 'your own'}")


def _postgres(where: Place) -> str:
    engine = database.engine(where.database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            version = str(connection.scalar(text("SHOW server_version"))).split()[0]
    finally:
        engine.dispose()
    if int(version.split(".")[0]) < OLDEST_POSTGRES:
        raise ServiceError(f"PostgreSQL {version} is too old: {OLDEST_POSTGRES} or newer is needed")
    setup.open_database(where, pool_size=1).dispose()
    return f"{version}, schema {database.newest_revision()}"


def _redis(where: Place) -> str:
    with queues.connect(where.redis_url) as connection:
        told = connection.info("server")
    version = str(told["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise ServiceError(f"Redis {version} is too old: {'.'.join(map(str, OLDEST_REDIS))} or newer is needed")
    return version


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
