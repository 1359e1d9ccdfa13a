"""What was delivered, what was not, and why: for people, for gauges, and for sending dead letters again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

from escalation_bridge.outbox import NOTIFY_CHANNEL, SILENT

State = Literal["pending", "sending", "unknown", "sent", "dead"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice of the outbox, without what the post says. `ended_at` is when it was sent or given up."""

    id: int
    key: str
    target: str
    case_number: int
    severity: str
    type: str
    step: str
    state: State
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    ended_at: datetime | None
    remote_id: str
    error: str


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """How one target stands. `pending` counts all that is to be delivered, `unknown` those of it that may have been.

    `oldest_at` is the oldest that tells somebody something: what is to be taken back waits behind it.
    """

    target: str
    pending: int
    unknown: int
    dead: int
    oldest_at: datetime | None
    failures: int
    paused_until: datetime | None
    error: str


def list_deliveries(
    connection: Connection,
    *,
    target: str | None = None,
    state: State | None = None,
    case_number: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest first; `before` is the id to go on from."""
    rows = connection.execute(
        text("""
            SELECT id, key, target, case_number, severity, type, step, state, attempts, created_at, next_attempt_at,
                   ended_at, remote_id, error
            FROM deliveries
            WHERE (CAST(:target AS text) IS NULL OR target = :target)
              AND (CAST(:state AS text) IS NULL OR state = :state)
              AND (CAST(:case AS bigint) IS NULL OR case_number = :case)
              AND (CAST(:before AS bigint) IS NULL OR id < :before)
            ORDER BY id DESC LIMIT :limit
        """),
        {"target": target, "state": state, "case": case_number, "before": before, "limit": limit},
    )
    return [Entry(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an escalation step at one target. `error` is "" where the target took it.

    `room` is the address of the channel that it opened, "" if it opened none.
    """

    case_number: int
    target: str
    step: str
    reason: str
    ended_at: datetime
    error: str
    room: str = ""


def answers(connection: Connection, limit: int = 500) -> list[Answer]:
    """The escalation steps that have ended since this was last asked, each told once, in their order."""
    rows = connection.execute(
        text("""
            WITH ended AS (
              SELECT id FROM deliveries WHERE step <> '' AND NOT answered AND state IN ('sent', 'dead')
              ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
            ), told AS (
              UPDATE deliveries d SET answered = true FROM ended WHERE ended.id = d.id
              RETURNING d.id, case_number, target, step, reason, ended_at, room,
                CASE WHEN state = 'dead' THEN coalesce(nullif(error, ''), 'given up') ELSE '' END AS error
            )
            SELECT told.case_number, told.target, step, reason, ended_at, error, coalesce(nullif(r.url, ''), r.name, '')
            FROM told LEFT JOIN delivery_rooms r
              ON r.target = told.target AND r.case_number = told.case_number AND told.room <> '' AND told.error = ''
            ORDER BY told.id
        """),
        {"limit": limit},
    )
    return [Answer(*row) for row in rows]


def was_told(connection: Connection, target: str, case_number: int) -> bool:
    """Whether the target was ever sent anything about the case: only then may it answer."""
    asked = text("SELECT EXISTS (SELECT FROM deliveries WHERE case_number = :case AND target = :target)")
    told: bool = connection.execute(asked, {"case": case_number, "target": target}).scalar_one()
    return told


def retry_dead(
    connection: Connection, now: datetime, *, ids: Sequence[int] | None = None, target: str | None = None
) -> int:
    """Put dead letters back: those of `ids`, of `target`, or all. They count as doubtful, and their age starts anew.

    Their targets are tried at once, unless they asked for a pause themselves.
    """
    rows = connection.execute(
        text("""
            WITH back AS (
              UPDATE deliveries SET state = 'unknown', next_attempt_at = :now, retried_at = :now, ended_at = NULL
              WHERE state = 'dead' AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids))
                AND (CAST(:target AS text) IS NULL OR target = :target)
              RETURNING target
            ), tried AS (
              UPDATE target_status SET failures = 0, updated_at = :now,
                paused_until = CASE WHEN asked_until > :now THEN asked_until END
              WHERE target IN (SELECT target FROM back)
            ), told AS (
              SELECT pg_notify(:channel, target) FROM (SELECT DISTINCT target FROM back) AS targets
            )
            SELECT (SELECT count(*) FROM back), (SELECT count(*) FROM told)
        """),
        {"now": now, "ids": None if ids is None else list(ids), "target": target, "channel": NOTIFY_CHANNEL},
    )
    put_back: int = rows.scalar_one()
    return put_back


def summary(connection: Connection) -> list[TargetSummary]:
    """Every target that has something undelivered, a dead letter or a status, by name."""
    rows = connection.execute(
        text("""
            WITH live AS (
              SELECT target, count(*) AS pending, count(*) FILTER (WHERE state = 'unknown') AS unknown,
                     min(created_at) FILTER (WHERE severity <> :silent) AS oldest_at
              FROM deliveries WHERE state IN ('pending', 'sending', 'unknown') GROUP BY target
            ), dead AS (
              SELECT target, count(*) AS dead FROM deliveries WHERE state = 'dead' GROUP BY target
            )
            SELECT target, COALESCE(pending, 0), COALESCE(unknown, 0), COALESCE(dead, 0), oldest_at,
                   COALESCE(failures, 0), paused_until, COALESCE(error, '')
            FROM live FULL JOIN dead USING (target) FULL JOIN target_status USING (target)
            ORDER BY target
        """),
        {"silent": SILENT},
    )
    return [TargetSummary(*row) for row in rows]
