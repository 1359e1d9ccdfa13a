"""The tables listener_cursors and listener_status: how far each source has heard, and how it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from listeners.budget import SHARE
from listeners.plaintext import clean
from listeners.rechecks import PART as RECHECK

_KEEP = text(
    "INSERT INTO listener_cursors (listener, part, cursor, updated_at) VALUES (:listener, :part, :cursor, :now)"
    " ON CONFLICT (listener, part) DO UPDATE SET cursor = excluded.cursor, updated_at = excluded.updated_at"
)
_CURSORS = text("SELECT part, cursor FROM listener_cursors WHERE listener = :listener")
# What was said a second ago is not said again: a busy listener's calls would queue up for this one row.
_REPORT = text(
    "INSERT INTO listener_status"
    " (listener, part, up, error, last_success_at, last_post_at, updated_at, caught_up, next_at)"
    " SELECT :listener, :part, :up, :error, CASE WHEN :heard THEN CAST(:now AS timestamptz) END, :last_post_at, :now,"
    "   :caught_up, :next_at"
    " WHERE NOT EXISTS (SELECT FROM listener_status WHERE listener = :listener AND part = :part AND error = :error"
    "   AND caught_up = :caught_up AND updated_at > CAST(:now AS timestamptz) - interval '1 second')"
    " ON CONFLICT (listener, part) DO UPDATE SET up = excluded.up, error = excluded.error,"
    " last_success_at = coalesce(excluded.last_success_at, listener_status.last_success_at),"
    " last_post_at = greatest(excluded.last_post_at, listener_status.last_post_at), updated_at = excluded.updated_at,"
    " caught_up = excluded.caught_up, next_at = excluded.next_at"
)
# Where the part "" has a cursor, it is one of several, and what another hears says nothing of it.
IS_WHOLE: Final = "NOT EXISTS (SELECT FROM listener_cursors c WHERE c.listener = :listener AND c.part = '')"
_WHOLE_IS_WELL = text(
    "DELETE FROM listener_status WHERE listener = :listener AND part = '' AND NOT up"  # noqa: S608  our own words
    f" AND {IS_WHOLE}"
)
# It has run for so long, and this part has not been heard of: it is configured no more.
_FORGET = text(
    "DELETE FROM listener_status WHERE listener = :listener AND part <> '' AND updated_at < :since"
    " AND coalesce(next_at, '-infinity') < :since RETURNING part"
)
# A listener whose lease has run out is heard by nobody, whatever was true when it last reported.
_STATES = text(
    "SELECT listener, part, up AND NOT coalesce(lapsed, false),"
    " CASE WHEN error = '' AND lapsed THEN 'no process runs this listener' ELSE error END,"
    " last_success_at, last_post_at, updated_at, caught_up, next_at FROM listener_status LEFT JOIN"
    " (SELECT listener, released OR expires_at <= clock_timestamp() AS lapsed FROM listener_leases) l USING (listener)"
    " ORDER BY listener, part"
)


@dataclass(frozen=True, slots=True)
class ListenerState:
    """How one part of a listener is. `last_success_at` is when it last heard its source.

    `caught_up` False: what it missed is still being fetched. `next_at` is when it looks again, where it polls.
    """

    listener: str
    part: str
    up: bool
    error: str
    last_success_at: datetime | None
    last_post_at: datetime | None
    updated_at: datetime
    caught_up: bool = True
    next_at: datetime | None = None

    @property
    def looks_again(self) -> bool:
        """Whether this part looks posts up again, which hears nothing new."""
        return self.part == RECHECK

    @property
    def hears(self) -> bool:
        """Whether a listener is deaf without it. A watchlist that has used up its share of a budget is a part, too."""
        return not self.looks_again and not self.part.startswith(SHARE)

    def lag(self, now: datetime) -> float:
        """Seconds for which this part has not been heard; 0 where it is well."""
        return 0.0 if self.up else max(0.0, (now - (self.last_success_at or self.updated_at)).total_seconds())


def keep_cursor(connection: Connection, listener: str, part: str, cursor: str, now: datetime) -> None:
    """Remember that a part of a listener has heard up to here."""
    connection.execute(_KEEP, {"listener": listener, "part": part, "cursor": cursor, "now": now})


def cursors(connection: Connection, listener: str) -> dict[str, str]:
    """The stored cursor of each part."""
    return {row.part: row.cursor for row in connection.execute(_CURSORS, {"listener": listener})}


def report_status(
    connection: Connection,
    listener: str,
    part: str,
    *,
    error: str,
    last_post_at: datetime | None,
    now: datetime,
    heard: bool = False,
    caught_up: bool = True,
    next_at: datetime | None = None,
) -> None:
    """Say how a part is: well where `error` is "". A part that reports shows that the listener as a whole runs.

    `heard`: in spite of the error, which concerns single posts, it hears its source. Looking again hears nothing new.
    """
    if part and part != RECHECK:
        connection.execute(_WHOLE_IS_WELL, {"listener": listener})
    values = {"up": not error, "error": clean(error)[:500], "last_post_at": last_post_at, "now": now}
    how = {"heard": heard or not error, "caught_up": caught_up, "next_at": next_at}
    connection.execute(_REPORT, {"listener": listener, "part": part, **values, **how})


def forget(connection: Connection, listener: str, since: datetime) -> list[str]:
    """Forget the parts that have said nothing since then and were not going to. Returns them."""
    return list(connection.scalars(_FORGET, {"listener": listener, "since": since}))


def states(connection: Connection) -> list[ListenerState]:
    """Every part of every listener that has ever reported."""
    return [ListenerState(*row) for row in connection.execute(_STATES)]


def hearing(connection: Connection) -> list[ListenerState]:
    """Those without which a listener is deaf."""
    return [state for state in states(connection) if state.hears]


def looking_again(connection: Connection) -> dict[str, bool]:
    """Whether each listener that looks posts up again can do so now."""
    return {state.listener: state.up for state in states(connection) if state.looks_again}
