"""What PostgreSQL and Redis say of themselves, and whether that is good enough. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from leitstand.errors import ServiceError

OLDEST_POSTGRES, OLDEST_REDIS = 15, (6, 2)
# As many as the roles of a daemon may open at once, without its `work` processes, and one of these.
OF_A_DAEMON, OF_A_WORKER = 45, 4
_ALONE = "name one server that stands alone"
_INSTEAD = {"sentinel": "name Sentinels by redis+sentinel://host:26379/service/0"}


@dataclass(frozen=True, slots=True)
class Doubt:
    """What may go wrong although it works now, and what to do about it."""

    said: str
    advice: str


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """`connections` is how many it allows to us, `taken` how many others have open."""

    version: str
    encoding: str
    connections: int
    taken: int


def judge_postgres(facts: PostgresFacts, workers: int) -> Doubt | None:
    """None where all is well. Raises ServiceError where it cannot be used."""
    if int(facts.version.split(".")[0]) < OLDEST_POSTGRES:
        raise ServiceError(f"PostgreSQL {facts.version} is too old: {OLDEST_POSTGRES} or newer is needed")
    if facts.encoding != "UTF8":
        raise ServiceError(
            f"the database is in {facts.encoding}, which cannot hold every post: make it anew with ENCODING 'UTF8'"
        )
    need, left = OF_A_DAEMON + OF_A_WORKER * workers, facts.connections - facts.taken
    if left < need:
        return Doubt(
            f"it lets us open {left:,} connections, and a daemon may want {need:,}", "raise max_connections there"
        )
    return None


def judge_redis(told: Mapping[str, object]) -> Doubt | None:
    """What INFO tells: None where all is well. Raises ServiceError where it cannot be used."""
    version = str(told["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise ServiceError(f"Redis {version} is too old: {'.'.join(map(str, OLDEST_REDIS))} or newer is needed")
    if (mode := told.get("redis_mode", "standalone")) != "standalone":
        raise ServiceError(f"this Redis is a {mode}, which cannot be used: {_INSTEAD.get(str(mode), _ALONE)}")
    if told.get("role") == "slave":
        raise ServiceError("this Redis is a replica, which takes no work: name the one that it follows")
    if (policy := told.get("maxmemory_policy", "noeviction")) != "noeviction" and told.get("maxmemory"):
        return Doubt(
            f"it throws work away where its memory is full (maxmemory-policy {policy}); it is found again, later",
            "set maxmemory-policy noeviction there",
        )
    return None
