"""The channels that cases have of their own at targets, and what each was last told: that its case is open, or over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, text

Told = Literal["open", "over"]
# A room so old is told nothing any more.
KEPT = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Standing:
    """A room, and what it was last told of its case."""

    target: str
    case_number: int
    name: str
    url: str
    told: Told


def standing(connection: Connection, now: datetime) -> list[Standing]:
    """The rooms that may have to be told something."""
    rows = connection.execute(
        text("""
            SELECT target, case_number, name, url, told FROM delivery_rooms WHERE opened_at >= :since
            ORDER BY case_number, target
        """),
        {"since": now - KEPT},
    )
    return [Standing(*row) for row in rows]


def mark(connection: Connection, room: Standing, told: Told) -> bool:
    """The room is told this now; False if another has just said so."""
    done = connection.execute(
        text("""
            UPDATE delivery_rooms SET told = :told
            WHERE target = :target AND case_number = :case AND told = :before
        """),
        {"told": told, "target": room.target, "case": room.case_number, "before": room.told},
    )
    return done.rowcount == 1
