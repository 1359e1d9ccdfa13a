"""The table listener_gaps: when a listener, or a part of it, was not listening, why, and whether that was made good.

    open ──heard again──► closed ──caught up──► filled
                             └──the source cannot get it any more──► lost
A gap of the part "" is one of the whole listener: it is filled when every part that is well has caught up. A part that
was not going to look meanwhile has missed nothing. Where the part "" has a cursor, it is one of several and no whole. A
watchlist that has used up its share of a budget is a part by itself, which says nothing of the whole. Looking posts up
again hears none, so it has no gaps and ends none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from listeners.budget import SHARE
from listeners.cursors import IS_WHOLE
from listeners.plaintext import clean
from listeners.rechecks import PART as RECHECK

# A part was heard until its last success, the whole listener until the last success of any part.
_OPEN = text(
    "INSERT INTO listener_gaps (listener, part, from_at, why) SELECT :listener, :part, coalesce("
    " CAST(:since AS timestamptz), (SELECT max(last_success_at) FROM listener_status"
    "   WHERE listener = :listener AND (part = :part OR :part = '')), :now), :why"
    " ON CONFLICT (listener, part) WHERE to_at IS NULL DO NOTHING"
)
_UNFILLED = text("SELECT part FROM listener_gaps WHERE listener = :listener AND filled_at IS NULL AND lost = ''")
_CLOSE = text(
    "UPDATE listener_gaps SET to_at = greatest(from_at, :now) WHERE listener = :listener"  # noqa: S608  our own words
    f" AND (part = :part OR part = :whole AND {IS_WHOLE}) AND to_at IS NULL RETURNING to_at - from_at"
)
_FILL = text(
    "UPDATE listener_gaps SET filled_at = :now"
    " WHERE listener = :listener AND part = :part AND to_at IS NOT NULL AND filled_at IS NULL AND lost = ''"
)
_FILL_WHOLE = text(
    "UPDATE listener_gaps g SET filled_at = :now"  # noqa: S608  our own words
    f" WHERE listener = :listener AND part = '' AND {IS_WHOLE} AND to_at IS NOT NULL AND filled_at IS NULL"
    " AND lost = ''"
    f" AND NOT EXISTS (SELECT FROM listener_status s WHERE s.listener = g.listener AND s.part NOT IN ('', '{RECHECK}')"
    "   AND s.up AND (NOT s.caught_up OR s.last_success_at < g.to_at AND coalesce(s.next_at, '-infinity') < g.to_at))"
)
_LOSE = text(
    "UPDATE listener_gaps SET lost = :why WHERE listener = :listener"  # noqa: S608  our own words
    f" AND (part = :part OR part = :whole AND {IS_WHOLE})"
    " AND to_at IS NOT NULL AND filled_at IS NULL AND lost = ''"
)
_DROP = text(
    "UPDATE listener_gaps SET to_at = coalesce(to_at, greatest(from_at, :now)), lost = 'no longer listened to'"
    " WHERE listener = :listener AND part = ANY(:parts) AND filled_at IS NULL AND lost = ''"
)
_RECENT = text(
    "SELECT listener, part, from_at, to_at, why, filled_at, lost FROM listener_gaps"
    " WHERE from_at > :since OR to_at IS NULL ORDER BY from_at, id"
)
_COUNT = text(
    "SELECT listener, count(*) AS unfilled FROM listener_gaps"
    " WHERE filled_at IS NULL AND (from_at > :since OR to_at IS NULL) GROUP BY listener"
)
_WAITING = text(
    "SELECT listener, min(to_at) AS since FROM listener_gaps"
    " WHERE filled_at IS NULL AND lost = '' AND to_at IS NOT NULL GROUP BY listener"
)

SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Gap:
    """One time in which a part was not listening. `to_at` None: it still is not."""

    listener: str
    part: str
    from_at: datetime
    to_at: datetime | None
    why: str
    filled_at: datetime | None = None
    lost: str = ""

    def length(self, now: datetime) -> timedelta:
        """For how long nobody listened."""
        return max((self.to_at or now) - self.from_at, timedelta(0))


def begin(
    connection: Connection, listener: str, part: str, why: str, now: datetime, since: datetime | None = None
) -> None:
    """Nobody hears this part, since its last success unless `since` says better. Nothing if that is known already."""
    if part == RECHECK:
        return
    values = {"listener": listener, "part": part, "why": clean(why)[:500], "now": now, "since": since}
    connection.execute(_OPEN, values)


def end(connection: Connection, listener: str, part: str, now: datetime, *, caught_up: bool, lost: str = "") -> float:
    """This part is heard. Closes its gap and the whole listener's, fills what is caught up; the seconds closed."""
    names = {"listener": listener, "part": part}
    if part == RECHECK or not connection.execute(_UNFILLED, {"listener": listener}).first():
        return 0.0
    alone = part.startswith(SHARE)
    both = {**names, "whole": part if alone else ""}
    closed: Sequence[timedelta] = connection.scalars(_CLOSE, {**both, "now": now}).all()
    if lost:
        connection.execute(_LOSE, {**both, "why": clean(lost)[:500]})
    elif caught_up:
        connection.execute(_FILL, {**names, "now": now})
        if part and not alone:
            connection.execute(_FILL_WHOLE, {"listener": listener, "now": now})
    return sum(length.total_seconds() for length in closed)


def drop(connection: Connection, listener: str, parts: Sequence[str], now: datetime) -> None:
    """These parts are configured no more: their gaps end, and the whole listener's no longer waits for them."""
    if parts:
        connection.execute(_DROP, {"listener": listener, "parts": list(parts), "now": now})
        connection.execute(_FILL_WHOLE, {"listener": listener, "now": now})


def recent(connection: Connection, now: datetime) -> Sequence[Gap]:
    """The gaps of the last days, and those that last, oldest first."""
    return [Gap(*row) for row in connection.execute(_RECENT, {"since": now - SHOWN_FOR})]


def unfilled(connection: Connection, now: datetime) -> dict[str, int]:
    """How many gaps of the last days are not made good, by listener."""
    return {row.listener: row.unfilled for row in connection.execute(_COUNT, {"since": now - SHOWN_FOR})}


def waiting(connection: Connection, now: datetime) -> dict[str, float]:
    """Seconds for which each listener has been heard again without having fetched what it missed; not those without."""
    return {row.listener: max(0.0, (now - row.since).total_seconds()) for row in connection.execute(_WAITING)}
