"""PostgreSQL and Redis, really opened: embedded ones are started, or joined where a daemon runs."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress

from redis import AuthenticationError, Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console.health.finding import Finding, State
from console.health.refused import advice_on
from console.health.servers import Doubt, PostgresFacts, judge_postgres, judge_redis
from leitstand import database, sentinel_url
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from leitstand.unreached import Obstacle, obstacle, why
from workers import setup
from workers.embedded import embedded_services
from workers.sentinels import Answer, NoPrimaryError, Sentinels
from workers.setup import Place

SECONDS = 5
_OPTION = re.compile(r"unexpected keyword argument '(\w+)'")
_OF_SENTINELS = "is redis.url right: its Sentinels, the name of the service? a failover takes a moment: check again"
_LIMITS = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    " - coalesce(current_setting('reserved_connections', true)::int, 0),"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'leitstand')"
)


def postgres(settings: Settings) -> Finding:
    """Whether PostgreSQL can be used and has the right schema."""
    where = setup.place(settings)
    embedded = where.embedded_database
    advice = "see its log in data_dir/logs" if embedded else "is database.url right, and does PostgreSQL run?"
    workers = settings.workers.processes
    return _tried(
        "PostgreSQL", _served(settings, postgres=embedded), lambda: _postgres(where, workers), embedded, advice
    )


def redis(settings: Settings) -> Finding:
    """Whether Redis answers."""
    where = setup.place(settings)
    embedded = where.embedded_redis
    advice = "see its log in data_dir/logs" if embedded else "is redis.url right, and does Redis run?"
    tls = where.redis_url.startswith("rediss")
    return _tried("Redis", _served(settings, redis=embedded), lambda: _redis(where), embedded, advice, tls=tls)


def sentinels(settings: Settings) -> Iterator[Finding]:
    """What each Sentinel says, where there are some; an option that is wrong is told by `redis`."""
    url = setup.place(settings).redis_url
    if not sentinel_url.is_sentinel(url):
        return
    with suppress(ValueError, TypeError):
        yield _of_sentinels(list(Sentinels(sentinel_url.read(url), SECONDS).ask_each()))


def _of_sentinels(answers: list[Answer]) -> Finding:
    said = "; ".join(f"{one.asked} {one.said}" for one in answers)
    named = [one.primary for one in answers]
    if not any(named):
        return Finding("Sentinel", State.FAIL, said, _OF_SENTINELS)
    if not all(named):
        return Finding("Sentinel", State.WARN, said, "the others do for now: look at the one that does not know")
    if len(set(named)) > 1:
        return Finding(
            "Sentinel", State.WARN, said, "they are at odds: is it a failover, or do they watch over several?"
        )
    return Finding("Sentinel", State.OK, said)


def _served(settings: Settings, *, postgres: bool = False, redis: bool = False) -> AbstractContextManager[object]:
    if not (postgres or redis):
        return nullcontext()
    return embedded_services(settings.server.data_dir, postgres=postgres, redis=redis)


def _tried(
    part: str,
    served: AbstractContextManager[object],
    ask: Callable[[], tuple[str, Doubt | None]],
    embedded: bool,
    advice: str,
    *,
    tls: bool = False,
) -> Finding:
    try:
        with served:
            said, doubt = ask()
    except ServiceError as error:
        return Finding(part, State.FAIL, str(error))
    except DBAPIError as error:
        return Finding(part, State.FAIL, _first_line(error.orig or error), advice)
    except (RedisError, ValueError, TypeError) as error:
        return Finding(part, State.FAIL, *_of_redis(error, tls=tls, advice=advice))
    said = f"{said}, {'embedded' if embedded else 'your own'}"
    return Finding(part, State.WARN, f"{said}: {doubt.said}", doubt.advice) if doubt else Finding(part, State.OK, said)


def _postgres(where: Place, workers: int) -> tuple[str, Doubt | None]:
    engine = database.engine(where.database_url, pool_size=1)
    try:
        with engine.connect() as connection:
            version = str(connection.scalar(text("SHOW server_version"))).split()[0]
            encoding = str(connection.scalar(text("SHOW server_encoding")))
            connections, taken = connection.execute(text(_LIMITS)).one()
    finally:
        engine.dispose()
    doubt = judge_postgres(PostgresFacts(version, encoding, connections, taken), workers)
    setup.open_database(where, pool_size=1).dispose()
    return f"{version}, schema {database.newest_revision()}", doubt


def _redis(where: Place) -> tuple[str, Doubt | None]:
    # Not as the roles connect: they may wait for minutes, for work.
    with _opened(where.redis_url) as connection:
        told = connection.info()
    return str(told["redis_version"]), judge_redis(told)


def _opened(url: str) -> Redis:
    if sentinel_url.is_sentinel(url):
        return Sentinels(sentinel_url.read(url), SECONDS).primary(connect_timeout=SECONDS, timeout=SECONDS)
    return Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)


def _of_redis(error: Exception, *, tls: bool, advice: str) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    said = _first_line(error)
    if isinstance(error, NoPrimaryError):
        return said, _OF_SENTINELS
    if "NOAUTH" in said or said.startswith("HELLO must be called"):
        return "it wants a password", "write it into redis.url: redis://user:password@host:6379/0"
    if isinstance(error, AuthenticationError) or "WRONGPASS" in said:
        return f"it does not let us in: {said}", "are user and password in redis.url right?"
    if isinstance(error, TypeError) and (option := _OPTION.search(said)):
        return f"there is no option {option[1]}", "is what stands behind the ? in redis.url right?"
    if found := obstacle(error):
        # Whoever speaks no TLS waits for the end of what it takes for a command.
        mute = tls and found is Obstacle.SILENT
        return f"it cannot be reached: {why(error)}", advice_on(Obstacle.TLS if mute else found)
    return said, advice


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
