"""Where cases are told of at targets: threads, and channels of their own with what each was last told of its case."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, text

from leitstand.model import Delivery, Receipt

Told = Literal["open", "over"]
# A room so old is told nothing any more.
KEPT = timedelta(days=180)

_THREAD = text("""
    INSERT INTO delivery_threads (target, case_number, remote_id) VALUES (:target, :case, :remote_id)
    ON CONFLICT DO NOTHING
""")
_ROOM = text("""
    INSERT INTO delivery_rooms (target, case_number, name, remote_id, url, opened_at)
    VALUES (:target, :case, :name, :id, :url, :now)
    ON CONFLICT (target, case_number) DO UPDATE SET name = :name, remote_id = :id, url = :url
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """A room, and what it was last told of its case."""

    target: str
    case_number: int
    name: str
    url: str
    told: Told


def keep_place(connection: Connection, delivery: Delivery, receipt: Receipt, at: datetime) -> None:
    """Where the case is told of at its target, for the notices that follow."""
    case = {"target": delivery.target, "case": delivery.case.number}
    if receipt.room is not None:
        room = {"id": receipt.room.id, "name": receipt.room.name, "url": receipt.room.url, "now": at}
        connection.execute(_ROOM, {**case, **room})
    elif not delivery.room:
        connection.execute(_THREAD, {**case, "remote_id": receipt.remote_id})


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
