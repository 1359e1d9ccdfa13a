"""The outbox: notices committed with the case change that caused them, and who is sending which.

    pending ─claim─► sending ─┬─► sent
       ▲                      ├─► dead          refused, or too old; a person may put it back
       └──── retry ───────────┼─► unknown       it may have arrived; claimed again as doubtful
                              └─► (the sender died: its lease runs out, claimed again as doubtful)

A sender owns a row by the number of its attempt: what an older attempt reports afterwards changes nothing.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, text

from escalation_bridge import rooms
from leitstand.model import CaseSnapshot, Delivery, Letter, Notice, NoticeType, Receipt
from leitstand.rows import Rows, array
from leitstand.statements import Statement

log = structlog.get_logger()

# PostgreSQL tells listeners on this channel the name of each target that a commit added notices for.
NOTIFY_CHANNEL = "leitstand_deliveries"
ERROR_LENGTH = 500
# What tells nobody goes after all that does: it sorts behind every severity.
SILENT = "silent"

_NOTICES: Final = Rows(
    {
        "key": "text",
        "target": "text",
        "case_number": "bigint",
        "severity": "text",
        "type": "text",
        "reason": "text",
        "step": "text",
        "room": "text",
        "invited": "text",
        "snapshot": "jsonb",
        "letter": "jsonb",
        "withdraws": "bigint",
    }
)
# The clock of whoever adds them may be ahead of the senders': a page must not wait for theirs to get there.
_ADD = Statement(f"""
    WITH added AS (
      INSERT INTO deliveries (created_at, next_attempt_at, {_NOTICES.names})
      SELECT :now, least(CAST(:now AS timestamptz), clock_timestamp()), {_NOTICES.selected} FROM {_NOTICES.source}
      ON CONFLICT (key) DO NOTHING
      RETURNING target
    ), told AS (
      SELECT pg_notify(:channel, target) FROM (SELECT DISTINCT target FROM added) AS targets
    )
    SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM told)
""")  # noqa: S608  our own column names
# Rows are locked one by one, by their ids: joined, PostgreSQL may read everything that waits for each of them.
_CLAIM = """
    WITH first_in_line AS (
      SELECT id, attempts, severity, next_attempt_at FROM deliveries AS d
      WHERE target = :target AND state IN ('pending', 'sending', 'unknown') AND next_attempt_at <= :now
        AND id = (
          SELECT min(id) FROM deliveries AS c WHERE c.target = d.target AND c.case_number = d.case_number
            AND c.state IN ('pending', 'sending', 'unknown'))
      ORDER BY severity, next_attempt_at, id
      LIMIT {looked_at}
    ), due AS (
      SELECT own.id, own.state <> 'pending' AS doubtful
      FROM (SELECT id FROM first_in_line ORDER BY {order}) AS first CROSS JOIN LATERAL (
        SELECT id, state FROM deliveries
        WHERE id = first.id AND state IN ('pending', 'sending', 'unknown') AND next_attempt_at <= :now
        FOR UPDATE SKIP LOCKED) AS own
      LIMIT :limit
    )
    UPDATE deliveries AS d SET state = 'sending', attempts = attempts + 1, next_attempt_at = :lease
    FROM due WHERE d.id = due.id
    RETURNING d.id, key, target, snapshot::text AS snapshot, letter::text AS letter, type, reason, step, room, invited,
      created_at, retried_at, attempts, doubtful,
      COALESCE((SELECT r.remote_id FROM delivery_rooms AS r
                WHERE r.target = d.target AND r.case_number = d.case_number), '') AS room_id,
      COALESCE((SELECT t.remote_id FROM delivery_threads AS t
                WHERE t.target = d.target AND t.case_number = d.case_number), '') AS thread_id,
      COALESCE((SELECT w.remote_id FROM deliveries AS w WHERE w.id = d.withdraws), '') AS withdraws
"""
# A few more than wanted: others may be about to take the first ones.
_CLAIM_WORST = Statement(_CLAIM.format(order="severity, next_attempt_at, id", looked_at=":limit + 16"))
_CLAIM_LEAST_TRIED = Statement(_CLAIM.format(order="attempts, severity, next_attempt_at, id", looked_at="100"))
# Locked in one order, so that a sender's renewal and its record never wait for each other in a circle.
_OWN = """
    WITH own AS (
      SELECT d.id, o.at, o.remote_id FROM (
        SELECT * FROM unnest(
          CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:times AS timestamptz[]), CAST(:remotes AS text[])
        ) AS r (id, attempt, at, remote_id) ORDER BY id
      ) AS o CROSS JOIN LATERAL (
        SELECT id FROM deliveries WHERE id = o.id AND attempts = o.attempt AND state = 'sending' FOR UPDATE) AS d
    )
"""
_RENEW = Statement(f"{_OWN} UPDATE deliveries AS d SET next_attempt_at = own.at FROM own WHERE d.id = own.id")  # noqa: S608
_SENT = Statement(f"""
    {_OWN}, sent AS (
      UPDATE deliveries AS d SET state = 'sent', next_attempt_at = own.at, ended_at = own.at, remote_id = own.remote_id,
        error = ''
      FROM own WHERE d.id = own.id RETURNING d.id, d.target, d.case_number
    )
    SELECT id, 0 < (
      SELECT count(*) FROM (
        SELECT FROM deliveries AS n
        WHERE n.target = sent.target AND n.case_number = sent.case_number AND n.id <> sent.id
          AND n.state IN ('pending', 'sending', 'unknown')
        ORDER BY n.target, n.case_number, n.id LIMIT 1) AS more
    ) FROM sent
""")  # noqa: S608  our own words
_ASIDE = text("UPDATE deliveries SET state = 'dead', ended_at = :now, error = :error WHERE id = :id")
_END = text("""
    UPDATE deliveries
    SET state = :state, next_attempt_at = :at, ended_at = :ended, remote_id = '', error = :error
    WHERE id = :id AND state = 'sending' AND attempts = :attempt
""")
# Where it was never tried, its target rested: why that did is why.
_EXPIRE = text("""
    UPDATE deliveries AS d SET state = 'dead', next_attempt_at = :now, ended_at = :now, remote_id = '',
      error = left(concat_ws(': ', CAST(:error AS text), COALESCE(
        nullif(d.error, ''), (SELECT nullif(s.error, '') FROM target_status AS s WHERE s.target = d.target))), :length)
    WHERE id = :id AND state = 'sending' AND attempts = :attempt
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that its target took, and when."""

    delivery: Delivery
    receipt: Receipt
    at: datetime


def key(notice: Notice) -> str:
    """The notice's identity at its target: the same target, case and purpose is the same notice."""
    words = msgspec.json.encode((notice.target, notice.case.number, notice.purpose))
    return "msg_" + base64.b32encode(hashlib.sha256(words).digest()[:20]).decode("ascii").lower()


def add(connection: Connection, notices: Sequence[Notice], now: datetime) -> int:
    """Add the notices that are not there yet and return how many. Senders hear of them when the transaction commits."""
    if not notices:
        return 0
    values = {**_NOTICES.parameters(map(_row, notices)), "now": now, "channel": NOTIFY_CHANNEL}
    added, _ = _ADD.rows(connection, values)[0]
    return int(added)


def _row(notice: Notice) -> tuple[object, ...]:
    return (
        key(notice),
        notice.target,
        notice.case.number,
        SILENT if notice.type is NoticeType.CASE_FORGOTTEN else notice.case.severity,
        notice.type,
        notice.reason,
        notice.step,
        notice.room,
        "\n".join(notice.invited),
        notice.case,
        notice.letter,
        notice.withdraws,
    )


def claim(
    connection: Connection, target: str, limit: int, lease: timedelta, now: datetime, *, probing: bool = False
) -> list[Delivery]:
    """Lease up to `limit` due notices, the worst severity first, of each case only the oldest undelivered.

    `probing` takes the least tried first, so that one notice that the target chokes on does not speak for all.
    A row that cannot be read becomes a dead letter.
    """
    query = _CLAIM_LEAST_TRIED if probing else _CLAIM_WORST
    claimed = []
    for row in query.rows(connection, {"target": target, "limit": limit, "now": now, "lease": now + lease}):
        number, key, *_ = row
        try:
            claimed.append(_delivery(*row))
        except (msgspec.MsgspecError, ValueError) as error:
            connection.execute(_ASIDE, {"id": number, "now": now, "error": f"unreadable: {type(error).__name__}"})
            log.error("dead letter", target=target, key=key, reason="unreadable")
    return sorted(claimed, key=lambda d: (d.case.severity, d.id))


def renew(connection: Connection, deliveries: Collection[Delivery], lease: timedelta, now: datetime) -> int:
    """Keep the leases of what is still under way; return how many are still this sender's."""
    if not deliveries:
        return 0
    return _RENEW.run(connection, _own((delivery, now + lease, "") for delivery in deliveries))


def mark_sent(connection: Connection, taken: Sequence[Taken]) -> dict[int, bool]:
    """The targets took them. Which of them were still this sender's, True where more of the case waits."""
    done: dict[int, bool] = dict(
        _SENT.rows(connection, _own((one.delivery, one.at, one.receipt.remote_id) for one in taken))
    )
    for one in taken:
        if one.delivery.id in done and (one.receipt.room is not None or one.receipt.remote_id):
            rooms.keep_place(connection, one.delivery, one.receipt, one.at)
    return done


def mark_retry(connection: Connection, delivery: Delivery, at: datetime, error: str) -> bool:
    """It surely was not taken: try again at `at`."""
    return _end(connection, delivery, "pending", at, error=error)


def mark_unknown(connection: Connection, delivery: Delivery, at: datetime, error: str) -> bool:
    """It may have been taken: claimed again at `at`, as doubtful."""
    return _end(connection, delivery, "unknown", at, error=error)


def mark_dead(connection: Connection, delivery: Delivery, now: datetime, error: str) -> bool:
    """It will not be tried again unless a person asks: the case's later notices go on without it."""
    return _end(connection, delivery, "dead", now, ended=now, error=error)


def mark_expired(connection: Connection, delivery: Delivery, now: datetime, error: str) -> bool:
    """It is too old: what the attempt before it failed with is why."""
    values = {"id": delivery.id, "attempt": delivery.attempt, "now": now, "error": error, "length": ERROR_LENGTH}
    return connection.execute(_EXPIRE, values).rowcount == 1


def _end(
    connection: Connection,
    delivery: Delivery,
    state: str,
    at: datetime,
    *,
    ended: datetime | None = None,
    error: str = "",
) -> bool:
    values = {"state": state, "at": at, "ended": ended, "error": error[:ERROR_LENGTH]}
    own = {"id": delivery.id, "attempt": delivery.attempt}
    return connection.execute(_END, {**values, **own}).rowcount == 1


def _own(deliveries: Iterable[tuple[Delivery, datetime, str]]) -> dict[str, str]:
    # A target's id may be a text of a kind of its own, as a mail's is.
    rows = [(d.id, d.attempt, at, str(remote)) for d, at, remote in deliveries]
    ids, attempts, times, remotes = zip(*rows, strict=True)
    return {"ids": array(ids), "attempts": array(attempts), "times": array(times), "remotes": array(remotes)}


def _delivery(  # the order of _CLAIM
    number: int,
    key: str,
    target: str,
    case: str,
    letter: str | None,
    kind: str,
    reason: str,
    step: str,
    room: str,
    invited: str,
    created_at: datetime,
    retried_at: datetime | None,
    attempt: int,
    doubtful: bool,
    room_id: str,
    thread_id: str,
    withdraws: str,
) -> Delivery:
    return Delivery(
        id=number,
        key=key,
        target=target,
        case=msgspec.json.decode(case, type=CaseSnapshot),
        type=NoticeType(kind),
        reason=reason,
        step=step,
        created_at=created_at,
        attempt=attempt,
        doubtful=doubtful,
        thread_id=thread_id,
        retried_at=retried_at,
        room=room,
        invited=tuple(invited.split("\n")) if invited else (),
        room_id=room_id,
        letter=msgspec.json.decode(letter, type=Letter) if letter else None,
        withdraws=withdraws,
    )
