"""When a whole target rests: it asked for it (Retry-After), refuses our credentials, or failed several times in a row.

A pause is a row, so that it outlives a restart and holds for every sender of the target.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from escalation_bridge.outbox import ERROR_LENGTH
from leitstand.statements import Statement

# What was under way when the target asked for a pause may still be taken: that ends no such pause.
_ANSWERS = Statement("""
    UPDATE target_status SET failures = 0, paused_until = CASE WHEN asked_until > :now THEN asked_until END,
      error = CASE WHEN asked_until > :now THEN error ELSE '' END, updated_at = :now
    WHERE target = :target AND (failures > 0 OR error <> '')
""")
_READ = "SELECT failures, paused_until, error, asked_until FROM target_status WHERE target = :target"
_STATUS, _LOCKED = Statement(_READ), Statement(f"{_READ} FOR UPDATE")


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """How a target has been doing: failures in a row, the last error ("" after a success), and its pause.

    `asked_until` is how long it asked for it itself.
    """

    failures: int = 0
    paused_until: datetime | None = None
    error: str = ""
    asked_until: datetime | None = None

    def paused(self, now: datetime) -> bool:
        """Whether nothing may be sent now."""
        return self.paused_until is not None and now < self.paused_until


def status(connection: Connection, target: str) -> TargetStatus:
    """The target's status."""
    return _read(connection, target, _STATUS)


def note_success(connection: Connection, target: str, now: datetime) -> bool:
    """The target answers: no failures, and no pause but what it asked for. True if it did not before."""
    return _ANSWERS.run(connection, {"target": target, "now": now}) == 1


def note_failure(
    connection: Connection, target: str, error: str, now: datetime, decide: Callable[[TargetStatus], TargetStatus]
) -> TargetStatus:
    """Replace the status by what `decide` makes of it, with no other sender in between."""
    connection.execute(
        text("""INSERT INTO target_status (target, paused_until, error, failures, updated_at)
                VALUES (:target, NULL, '', 0, :now) ON CONFLICT DO NOTHING"""),
        {"target": target, "now": now},
    )
    new = decide(_read(connection, target, _LOCKED))
    connection.execute(
        text("""UPDATE target_status SET failures = :failures, paused_until = :until, asked_until = :asked,
                  error = :error, updated_at = :now
                WHERE target = :target"""),
        {
            "target": target,
            "failures": new.failures,
            "until": new.paused_until,
            "asked": new.asked_until,
            "error": error[:ERROR_LENGTH],
            "now": now,
        },
    )
    return new


def resume(connection: Connection, target: str, now: datetime) -> bool:
    """End the target's pause at once, because a person has mended it. False if it was not paused."""
    done = connection.execute(
        text("""UPDATE target_status SET failures = 0, paused_until = NULL, asked_until = NULL, updated_at = :now
                WHERE target = :target AND paused_until > :now"""),
        {"target": target, "now": now},
    )
    return done.rowcount == 1


def _read(connection: Connection, target: str, query: Statement) -> TargetStatus:
    return next((TargetStatus(*row) for row in query.rows(connection, {"target": target})), TargetStatus())
