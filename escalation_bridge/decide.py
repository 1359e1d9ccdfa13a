"""What follows from a failed attempt. Pure: values in, values out.

A delivery waits by itself (full jitter, so that what failed together does not come back together); a target rests as a
whole when it says so, when it refuses our credentials and when it fails again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from escalation_bridge.pauses import TargetStatus
from leitstand.errors import DeliveryError, DeliveryOutcome

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)
# A target that fails so often in a row is probed with one delivery at a time, at growing distances.
FAILURES_TO_PAUSE = 5
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=5)
# No target may silence itself for longer than this, whatever its Retry-After says.
LONGEST_RETRY_AFTER = timedelta(hours=1)
PAUSE_WITHOUT_RETRY_AFTER = timedelta(seconds=30)
_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one delivery after a failure; `at` is the next attempt, or the end."""

    state: Literal["retry", "unknown", "dead"]
    at: datetime


def back_off(attempt: int, random: Callable[[], float]) -> timedelta:
    """Full jitter: anything from nothing up to a ceiling that doubles with each attempt."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(attempt - 1, _DOUBLINGS))) * random()


def after_failure(
    error: DeliveryError,
    attempt: int,
    created_at: datetime,
    max_age: timedelta,
    now: datetime,
    random: Callable[[], float],
) -> Verdict:
    """Try again later, as sure or as doubtful, or give up: refused, or too old by the time of the next attempt."""
    if error.outcome is DeliveryOutcome.REFUSED:
        return Verdict("dead", now)
    wait = max(back_off(attempt, random), _asked(error))
    if now + wait >= created_at + max_age:
        return Verdict("dead", now)
    return Verdict("unknown" if error.outcome is DeliveryOutcome.UNKNOWN else "retry", now + wait)


def target_after_failure(error: DeliveryError, status: TargetStatus, now: datetime) -> TargetStatus:
    """How the whole target stands after a failure. Those that were under way when its pause began add nothing."""
    if error.outcome is DeliveryOutcome.REFUSED:
        return replace(status, failures=0)  # it answers: only this one notice is not to its liking
    if error.outcome is DeliveryOutcome.RATE_LIMITED:
        wait = PAUSE_WITHOUT_RETRY_AFTER if error.retry_after is None else _asked(error)
        return _asked_to_wait(status, now + wait)
    asked = _asked(error)
    waiting = _asked_to_wait(status, now + asked) if asked else status
    if status.paused(now):
        return waiting
    failures = status.failures + 1
    if error.outcome is DeliveryOutcome.UNAUTHORISED:
        failures = max(failures, FAILURES_TO_PAUSE)
    if pause := _pause(failures):
        waiting = replace(waiting, paused_until=_later(waiting.paused_until, now + pause))
    return replace(waiting, failures=failures)


def probing(status: TargetStatus) -> bool:
    """Whether the target has failed so often that single deliveries must show whether it is back."""
    return status.failures >= FAILURES_TO_PAUSE


def may_send(status: TargetStatus, under_way: int, concurrency: int, now: datetime) -> int:
    """How many more deliveries may be started now: none in a pause, one at a time after failures in a row."""
    if status.paused(now):
        return 0
    return max(0, (1 if probing(status) else concurrency) - under_way)


def _asked_to_wait(status: TargetStatus, until: datetime) -> TargetStatus:
    return replace(
        status, paused_until=_later(status.paused_until, until), asked_until=_later(status.asked_until, until)
    )


def _pause(failures: int) -> timedelta:
    if failures < FAILURES_TO_PAUSE:
        return timedelta(0)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(failures - FAILURES_TO_PAUSE, _DOUBLINGS)))


def _asked(error: DeliveryError) -> timedelta:
    return max(timedelta(0), min(error.retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def _later(one: datetime | None, other: datetime) -> datetime:
    return max(one, other) if one else other
