"""What one look at the outbox takes: of what is due, as much as the target's pauses and its rate allow."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from escalation_bridge import decide, outbox, pauses, rate
from leitstand.model import Delivery


@dataclass(frozen=True, slots=True)
class Look:
    """What a look took. `full`: as much as it might; `wait`: seconds until the rate lets another one through."""

    claimed: tuple[Delivery, ...]
    full: bool
    wait: float


def look(
    connection: Connection,
    target: str,
    per_second: float,
    under_way: int,
    concurrency: int,
    lease: timedelta,
    now: datetime,
) -> Look:
    """Claim what may be sent now. Raises SpentError where another sender was faster: then nothing is claimed."""
    status, left = pauses.status(connection, target), rate.left(connection, target, per_second)
    limit = min(int(left), decide.may_send(status, under_way, concurrency, now))
    if not limit:
        return Look((), full=left < 1, wait=rate.wait(left, per_second))
    claimed = outbox.claim(connection, target, limit, lease, now, probing=decide.probing(status))
    if claimed:
        rate.take(connection, target, per_second, len(claimed))
    return Look(tuple(claimed), len(claimed) == limit, rate.wait(left - len(claimed), per_second))
