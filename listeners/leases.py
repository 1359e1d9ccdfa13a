"""The table listener_leases: on several hosts, each listener runs in exactly one process.

    free, expired or its process known dead ──claim──► held ──renew, renew, …──► released, or expired: free again
A claim counts the term up. Whoever commits what a listener heard asks in the same transaction whether his term still
is the listener's; a claim waits for such a commit. So two processes never both commit, however slow one of them was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

TTL = timedelta(seconds=9)

_STANDING = text(
    "SELECT listener, holder, released OR expires_at <= clock_timestamp() FROM listener_leases"
    " WHERE listener = ANY(:listeners)"
)
_CLAIM = text(
    "WITH before AS (SELECT holder, renewed_at, released FROM listener_leases WHERE listener = :listener),"
    " claimed AS (INSERT INTO listener_leases AS l (listener, holder, term, renewed_at, expires_at)"
    "  VALUES (:listener, :holder, 1, clock_timestamp(), clock_timestamp() + :ttl)"
    "  ON CONFLICT (listener) DO UPDATE SET holder = excluded.holder, term = l.term + 1, released = false,"
    "   renewed_at = excluded.renewed_at, expires_at = excluded.expires_at"
    "  WHERE l.released OR l.expires_at <= clock_timestamp() OR l.holder = ANY(:dead) RETURNING term)"
    " SELECT term, before.holder, before.renewed_at, before.released FROM claimed LEFT JOIN before ON true"
)
_RENEW = text(
    "UPDATE listener_leases SET renewed_at = clock_timestamp(), expires_at = clock_timestamp() + :ttl"
    " WHERE holder = :holder AND NOT released RETURNING listener, term"
)
# FOR SHARE: a claim by another waits until what is committed with this is there, and reads its cursor after it.
_IS_HELD = text(
    "SELECT FROM listener_leases WHERE listener = :listener AND holder = :holder AND term = :term AND NOT released"
    " FOR SHARE"
)
_RELEASE = text(
    "UPDATE listener_leases SET renewed_at = clock_timestamp(), released = true WHERE holder = :holder AND NOT released"
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a listener. `since` is until when the process before was surely listening, None for a first."""

    listener: str
    holder: str
    term: int
    before: str = ""
    since: datetime | None = None
    released: bool = False


def free(connection: Connection, listeners: Collection[str]) -> tuple[Sequence[str], dict[str, str]]:
    """Of these listeners, those that anyone may claim now; and the holders of the others."""
    rows = {
        name: (holder, is_free) for name, holder, is_free in connection.execute(_STANDING, {"listeners": [*listeners]})
    }
    held = {name: holder for name, (holder, is_free) in rows.items() if not is_free}
    return [name for name in listeners if name not in held], held


def claim(
    connection: Connection, listener: str, holder: str, dead: Sequence[str] = (), ttl: timedelta = TTL
) -> Lease | None:
    """Take a listener that is free, or whose holder is among the `dead`. None if another was faster."""
    values = {"listener": listener, "holder": holder, "dead": list(dead), "ttl": ttl}
    row = connection.execute(_CLAIM, values).first()
    return Lease(listener, holder, row[0], row[1] or "", row[2], bool(row[3])) if row else None


def renew(connection: Connection, holder: str, ttl: timedelta = TTL) -> dict[str, int]:
    """Hold on to everything this holder has: the term of each listener that still is his."""
    return {row.listener: row.term for row in connection.execute(_RENEW, {"holder": holder, "ttl": ttl})}


def is_held(connection: Connection, lease: Lease) -> bool:
    """Whether the lease still is its holder's. If so, it stays so until this transaction ends."""
    values = {"listener": lease.listener, "holder": lease.holder, "term": lease.term}
    return connection.execute(_IS_HELD, values).first() is not None


def release(connection: Connection, holder: str) -> None:
    """Let go of everything, so that another may take it at once."""
    connection.execute(_RELEASE, {"holder": holder})
