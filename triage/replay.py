"""Tells from events alone how a case and its clocks must stand. Pure: what is stored must say the same.

a case's timeline ──► Standing        a clock's history ──► ClockStanding
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from leitstand.model import CaseState, ClockEvent, ClockState, Event, Severity
from triage.records import CaseRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """What the timeline says of a case."""

    state: CaseState = CaseState.NEW
    severity: Severity = Severity.SEV4
    assignee: str = ""
    acknowledged_by: str = ""
    mention_count: int = 0
    tags: tuple[str, ...] = ()
    waits_for: str = ""
    review: str = ""


@dataclass(frozen=True, slots=True)
class ClockStanding:
    """What its history says of a clock."""

    state: ClockState
    due_at: datetime
    paused: bool = False
    ended_at: datetime | None = None


def standing(case: CaseRecord) -> Standing:
    """The same of a case as stored."""
    return Standing(
        case.state, case.severity, case.assignee, case.acknowledged_by, case.mention_count, case.tags, case.waits_for,
        case.review,
    )  # fmt: skip


def replay(events: Iterable[Event]) -> Standing:
    """How the case stands after these events, from nothing."""
    stands = Standing()
    for event in events:
        step = _STEPS.get(event.kind)
        stands = step(stands, event) if step else stands
    return stands


def _opened(stands: Standing, event: Event) -> Standing:
    return replace(stands, severity=Severity(event.data["severity"]), mention_count=1, tags=_tags(event))


def _joined(stands: Standing, event: Event) -> Standing:
    tags = tuple(dict.fromkeys((*stands.tags, *_tags(event))))
    return replace(stands, mention_count=stands.mention_count + 1, tags=tags)


def _merged(stands: Standing, event: Event) -> Standing:
    tags = tuple(dict.fromkeys((*stands.tags, *_tags(event))))
    return replace(stands, mention_count=stands.mention_count + int(event.data["posts"]), tags=tags)


def _split(stands: Standing, event: Event) -> Standing:
    return replace(stands, mention_count=stands.mention_count - int(event.data["posts"]))


def _merged_into(stands: Standing, event: Event) -> Standing:
    return replace(stands, state=CaseState.CLOSED, mention_count=0, waits_for="", review="")


def _reassessed(stands: Standing, event: Event) -> Standing:
    return replace(stands, tags=tuple(dict.fromkeys((*stands.tags, *_tags(event)))))


def _worse(stands: Standing, event: Event) -> Standing:
    return replace(stands, severity=Severity(event.data.get("after", stands.severity)))


def _acknowledged(stands: Standing, event: Event) -> Standing:
    state = CaseState.OPEN if stands.state is CaseState.NEW else stands.state
    return replace(stands, state=state, acknowledged_by=stands.acknowledged_by or event.actor)


def _unacknowledged(stands: Standing, event: Event) -> Standing:
    state = CaseState.NEW if stands.state is CaseState.OPEN else stands.state
    return replace(stands, state=state, acknowledged_by="")


def _labelled(stands: Standing, event: Event) -> Standing:
    kept = tuple(tag for tag in stands.tags if tag != event.data.get("removed"))
    return replace(stands, tags=(*kept, event.data["added"]) if "added" in event.data else kept)


def _over(state: CaseState) -> Callable[[Standing, Event], Standing]:
    return lambda stands, event: replace(
        stands, state=state, waits_for="", acknowledged_by=stands.acknowledged_by or event.actor
    )


_STEPS: dict[str, Callable[[Standing, Event], Standing]] = {
    "opened": _opened,
    "joined": _joined,
    "reassessed": _reassessed,
    "severity": _worse,
    "escalated": _worse,
    "merged": _merged,
    "merged_into": _merged_into,
    "split": _split,
    "acknowledged": _acknowledged,
    "unacknowledged": _unacknowledged,
    "assigned": lambda stands, event: replace(stands, assignee=event.data.get("assignee", "")),
    "label": _labelled,
    "paused": lambda stands, event: replace(stands, state=CaseState.WAITING, waits_for=event.data["waits_for"]),
    "resumed": lambda stands, _: replace(stands, state=CaseState.OPEN, waits_for=""),
    "held": lambda stands, event: replace(stands, review=event.data["why"]),
    "approved": lambda stands, _: replace(stands, review=""),
    "resolved": _over(CaseState.RESOLVED),
    "closed": _over(CaseState.CLOSED),
    "rated": lambda stands, event: replace(stands, mention_count=stands.mention_count + ("mention" in event.data)),
    "reopened": lambda stands, _: replace(stands, state=CaseState.OPEN),
}


def _tags(event: Event) -> tuple[str, ...]:
    return tuple(tag for tag in event.data.get("tags", "").split(",") if tag)


def replay_clock(history: Iterable[ClockEvent]) -> ClockStanding | None:
    """How the clock stands after its history; None for one that never started."""
    stands: ClockStanding | None = None
    for at, event, due_at in history:
        if event == "started" or stands is None:
            stands = ClockStanding(ClockState.RUNNING, due_at)
            continue
        stands = replace(stands, due_at=due_at, **_CLOCK.get(event, {}))  # type: ignore[arg-type]
        if event == "paused" and stands.state is ClockState.RUNNING:
            stands = replace(stands, state=ClockState.PAUSED)
        if event == "resumed" and stands.state is ClockState.PAUSED:
            stands = replace(stands, state=ClockState.RUNNING)
        if event in _ENDS:
            stands = replace(stands, ended_at=at)
    return stands


_ENDS = frozenset(("met", "late", "cancelled", "withdrawn"))
_CLOCK: dict[str, dict[str, object]] = {
    "paused": {"paused": True},
    "resumed": {"paused": False},
    "breached": {"state": ClockState.BREACHED},
    "met": {"state": ClockState.MET},
    "late": {"state": ClockState.BREACHED},
    "cancelled": {"state": ClockState.IDLE},
    "withdrawn": {"state": ClockState.IDLE},
    "restarted": {"state": ClockState.RUNNING, "paused": False, "ended_at": None},
}
