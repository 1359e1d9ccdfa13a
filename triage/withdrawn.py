"""What stops because nobody can be answered any more: the post is gone, or its author is blocked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from triage import clocks, sla, timeline
from triage.timeline import Line

GONE = {"deleted": "the post was deleted", "blocked": "the author is blocked"}


def stop_answering(
    connection: Connection, numbers: Sequence[int], why: Literal["deleted", "blocked"], now: datetime
) -> None:
    """End the response clocks of locked cases, and say why on their timelines. The others run on."""
    before = clocks.read(connection, numbers)
    after = {
        number: {name: sla.withdraw(c, now) if name in sla.RESPONSES else c for name, c in stored.items()}
        for number, stored in before.items()
    }
    changed = clocks.changed(before, after)
    clocks.write(connection, changed)
    timeline.append(connection, [line(number, why, now) for number in sorted({number for number, _ in changed})])


def line(number: int, why: str, now: datetime) -> Line:
    """What the timeline says of it."""
    return Line(number, "withdrawn", now, f"{GONE[why]}: nobody waits for an answer any more", data={"why": why})
