"""When a child is started again, and when it is killed: decided from what is known of it, touching nothing.

Times are seconds of one monotonic clock.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from leitstand.keeping import STEADY_AFTER, delay


class Phase(StrEnum):
    """Where a child is in its life."""

    WAITING = "waiting"  # to be started at `due`
    RUNNING = "running"
    STOPPING = "stopping"  # was asked to end; killed at `due`
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Life:
    """One child's life so far. `since` is when the phase began, `failures` counts the runs in a row that were short."""

    phase: Phase = Phase.WAITING
    since: float = 0.0
    due: float = 0.0
    failures: int = 0
    starts: int = 0


def started(life: Life, now: float) -> Life:
    """It was started."""
    return replace(life, phase=Phase.RUNNING, since=now, due=math.inf, starts=life.starts + 1)


def ended(life: Life, now: float) -> Life:
    """It ended, or could not be started: it waits to be started again, however it ended, unless it was asked to end."""
    if life.phase is Phase.STOPPING:
        return replace(life, phase=Phase.STOPPED, since=now, due=math.inf)
    steady = life.phase is Phase.RUNNING and now - life.since >= STEADY_AFTER
    failures = 1 if steady else life.failures + 1
    return replace(life, phase=Phase.WAITING, since=now, due=now + delay(failures), failures=failures)


def asked_to_end(life: Life, now: float, grace: float) -> Life:
    """It is to end within `grace` seconds. Asking again can only bring the end forward."""
    if life.phase is Phase.RUNNING:
        return replace(life, phase=Phase.STOPPING, since=now, due=now + grace)
    if life.phase is Phase.STOPPING:
        return replace(life, due=min(life.due, now + grace))
    return replace(life, phase=Phase.STOPPED, since=now, due=math.inf)


def to_start(life: Life, now: float) -> bool:
    """Whether it is time to start it."""
    return life.phase is Phase.WAITING and life.due <= now


def to_kill(life: Life, now: float) -> bool:
    """Whether it has had its grace."""
    return life.phase is Phase.STOPPING and life.due <= now
