"""Who stands in for whom on a rota for a while, as entered at the desk: beside the overrides of the configuration.

The last that fits wins, and those of the desk are later than those of the file. What was removed can be put back.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, text

from leitstand.errors import InputError, NotFoundError
from leitstand.settings import Override
from triage import remote_calendars
from triage.policy import Policy

LONGEST = timedelta(days=60)

_ADD = text("""
    INSERT INTO rota_overrides (rota, person, starts_at, ends_at, added_by, added_at)
    VALUES (:rota, :person, :starts_at, :ends_at, :actor, :now) RETURNING *
""")
_LISTED = text("SELECT * FROM rota_overrides WHERE removed_by = '' AND ends_at > :now ORDER BY rota, starts_at, id")
_NOW = text("SELECT * FROM rota_overrides WHERE removed_by = '' AND ends_at > :now ORDER BY id")
_REMOVE = text("UPDATE rota_overrides SET removed_by = :actor WHERE id = :id AND removed_by = '' RETURNING *")
_RESTORE = text(
    "UPDATE rota_overrides SET removed_by = '' WHERE id = :id AND removed_by <> '' AND ends_at > :now RETURNING *"
)


@dataclass(frozen=True, slots=True)
class StandIn:
    """One override. `person` is a target: whoever is told."""

    id: int
    rota: str
    person: str
    starts_at: datetime
    ends_at: datetime
    added_by: str


def add(
    connection: Connection,
    policy: Policy,
    *,
    rota: str,
    person: str,
    starts_at: datetime,
    ends_at: datetime,
    actor: str,
    now: datetime,
) -> StandIn:
    """Let somebody stand in. Raises NotFoundError or InputError."""
    if rota not in policy.rotas:
        raise NotFoundError(f"there is no rota {rota!r}; known: {', '.join(sorted(policy.rotas)) or 'none'}")
    policy.target(person, "person")
    if ends_at <= max(starts_at, now) or ends_at - starts_at > LONGEST:
        raise InputError(f"must end after it starts, in time to come, and last at most {LONGEST.days} days", "ends_at")
    row = {"rota": rota, "person": person, "starts_at": starts_at, "ends_at": ends_at, "actor": actor, "now": now}
    return _stand_in(connection.execute(_ADD, row).one())


def listed(connection: Connection, now: datetime) -> list[StandIn]:
    """Those that hold or will, by rota and start."""
    return [_stand_in(row) for row in connection.execute(_LISTED, {"now": now})]


def remove(connection: Connection, number: int, *, actor: str) -> StandIn:
    """The turns hold again. Raises NotFoundError."""
    return _one(connection, _REMOVE, number, actor=actor)


def restore(connection: Connection, number: int, *, now: datetime) -> StandIn:
    """Put one back that was removed. Raises NotFoundError."""
    return _one(connection, _RESTORE, number, now=now)


def applied(connection: Connection, policy: Policy, now: datetime) -> Policy:
    """The policy with the rotas as the desk has them, now and later."""
    if not policy.rotas:
        return policy
    rotas = dict(remote_calendars.with_events(connection, policy.rotas))
    for one in map(_stand_in, connection.execute(_NOW, {"now": now})):
        if (turns := rotas.get(one.rota)) is not None:
            more = Override(start=one.starts_at, end=one.ends_at, person=one.person)
            rotas[one.rota] = replace(turns, overrides=(*turns.overrides, more))
    return replace(policy, rotas=rotas)


def _one(connection: Connection, statement: object, number: int, **given: object) -> StandIn:
    row = connection.execute(statement, {"id": number, **given}).one_or_none()  # type: ignore[call-overload]
    if row is None:
        raise NotFoundError(f"there is no such override {number}")
    return _stand_in(row)


def _stand_in(row: Row[tuple[object, ...]]) -> StandIn:
    return StandIn(row.id, row.rota, row.person, row.starts_at, row.ends_at, row.added_by)
