"""How each part of each listener is, put together for `leitstand listeners status`. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from listeners.budget import Budget, of_part
from listeners.cursors import ListenerState
from listeners.gaps import Gap

Condition = Literal["up", "catching up", "down", "no word yet"]


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One line: a part of a listener. Seconds are whole; what does not apply is None or "".

    `gap_seconds` counts the last 7 days, `gap_unfilled_seconds` what of it was never made good.
    """

    listener: str
    part: str
    state: Condition
    error: str
    last_success_at: datetime | None = None
    last_post_at: datetime | None = None
    lag_seconds: int = 0
    gap_seconds: int = 0
    gap_unfilled_seconds: int = 0
    gap_reason: str = ""
    next_at: datetime | None = None
    budget_remaining: int | None = None
    budget_allowed: int | None = None
    budget_resets_at: datetime | None = None
    budget_note: str = ""


def put_together(
    configured: Iterable[str],
    states: Sequence[ListenerState],
    gaps: Sequence[Gap],
    budgets: Mapping[str, list[Budget]],
    now: datetime,
) -> list[PartStatus]:
    """A line for every part that ever reported, and one for each configured listener that never did.

    What is configured no more and is not heard is left out: nobody is to mend it.
    """
    names = list(configured)
    states = [state for state in states if state.up or state.listener in names]
    reported = {state.listener for state in states}
    lines = [
        _line(state, [g for g in gaps if _concerns(g, state)], budgets.get(state.listener), now) for state in states
    ]
    return lines + [PartStatus(name, "", "no word yet", "") for name in names if name not in reported]


def _concerns(gap: Gap, state: ListenerState) -> bool:
    """A gap of the whole listener is one of each of its parts, but for looking again, which hears nothing new."""
    return gap.listener == state.listener and gap.part in (state.part, "") and not state.looks_again


def _line(state: ListenerState, gaps: Sequence[Gap], budgets: list[Budget] | None, now: datetime) -> PartStatus:
    tightest = min(of_part(budgets or (), state.part), key=lambda b: b.remaining, default=None)
    condition: Condition = "down" if not state.up else "up" if state.caught_up else "catching up"
    return PartStatus(
        state.listener,
        state.part,
        condition,
        state.error,
        state.last_success_at,
        state.last_post_at,
        round(state.lag(now)),
        round(sum(gap.length(now).total_seconds() for gap in gaps)),
        round(sum(gap.length(now).total_seconds() for gap in gaps if gap.filled_at is None)),
        gaps[-1].lost or gaps[-1].why if gaps else "",
        state.next_at,
        tightest.remaining if tightest else None,
        tightest.allowed if tightest else None,
        tightest.resets_at if tightest else None,
        tightest.note if tightest else "",
    )
