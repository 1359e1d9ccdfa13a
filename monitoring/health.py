"""Whether this installation can do its work, part by part and in words: for /readyz and for `leitstand doctor`.

Ready means that posts can be taken and cases shown. Without Redis or without a role nothing is lost, only later: that
is impaired, not down.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand import database
from monitoring import slots

State = Literal["well", "impaired", "down"]
# The roles without which posts are taken and nothing comes of them. Not every installation listens by itself.
NEEDED_ROLES = ("work", "deliver", "sweep")
NO_ROOM = 200_000_000  # bytes, below which PostgreSQL stops soon


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that Leitstand needs. `detail` says in a sentence how it is, and what to do where it is not well."""

    name: str
    state: State
    detail: str

    @property
    def ready(self) -> bool:
        """Whether requests can be served in spite of it."""
        return self.state != "down"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. An error is "" where there was none; `revision` is None where the schema is empty or unread.

    `free` is how many bytes are left for data_dir.
    """

    database_error: str
    revision: str | None
    needed_revision: str
    redis_error: str
    processes: Mapping[str, int]
    free: int


def judge(facts: Facts) -> tuple[Part, ...]:
    """The parts, the most important first."""
    return (_database(facts), _schema(facts), _redis(facts), _roles(facts.processes), _disk(facts.free))


def look(engine: Engine, ping_redis: Callable[[], str], metrics_dir: Path) -> Facts:
    """Ask the database, Redis (`ping_redis` returns "" or what is wrong) and the locks of the roles on this host."""
    revision, error = None, ""
    try:
        with engine.connect() as connection:
            revision = database.revision(connection)
    except SQLAlchemyError as failure:
        error = type(failure).__name__
    free = shutil.disk_usage(
        next(place for place in (metrics_dir, *metrics_dir.absolute().parents) if place.exists())
    ).free
    return Facts(error, revision, database.newest_revision(), ping_redis(), slots.processes(metrics_dir), free)


def _database(facts: Facts) -> Part:
    if facts.database_error:
        return Part("database", "down", f"PostgreSQL cannot be reached ({facts.database_error})")
    return Part("database", "well", "PostgreSQL answers")


def _schema(facts: Facts) -> Part:
    if facts.database_error:
        return Part("schema", "down", "unknown while PostgreSQL cannot be reached")
    if facts.revision != facts.needed_revision:
        return Part("schema", "down", database.unfit(facts.revision))
    return Part("schema", "well", f"revision {facts.revision}")


def _redis(facts: Facts) -> Part:
    if facts.redis_error:
        detail = f"Redis cannot be reached ({facts.redis_error}): posts are kept, and assessed once it is back"
        return Part("redis", "impaired", detail)
    return Part("redis", "well", "Redis answers")


def _roles(processes: Mapping[str, int]) -> Part:
    """A role that never ran with this data_dir may run on another host: only one that is gone is missed."""
    if not processes:
        return Part("roles", "impaired", "no role runs here: start `leitstand run`")
    gone = [role for role, count in processes.items() if not count]
    unseen = [role for role in NEEDED_ROLES if role not in processes]
    told = ", ".join(f"{count} {role}" for role, count in processes.items() if count)
    if gone:
        return Part("roles", "impaired", f"not running: {', '.join(gone)}; running: {told or 'none'}")
    return Part("roles", "well", told + (f"; not on this host: {', '.join(unseen)}" if unseen else ""))


def _disk(free: int) -> Part:
    """What was taken is kept. But an embedded database without room refuses what comes, and no role can start."""
    left = f"{free / 1e9:,.1f} GB free in data_dir"
    if free < NO_ROOM:
        return Part("disk", "impaired", f"{left}: make room, or posts are refused")
    return Part("disk", "well", left)
