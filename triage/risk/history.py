"""What the event log says of past cases: how each stood at some moments, and whether it was escalated soon after.

A moment is a post of the case, or one of some ages, as long as the case was open and had not been escalated yet.
Escalated: within a day it became sev1, missed a deadline, or became a project. Each case counts once, over its moments.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from leitstand.model import Clock, Event, Severity
from triage import clocks
from triage.policy import Policy
from triage.records import LIVE
from triage.replay import Standing, replay
from triage.risk.estimates import EARLIER
from triage.risk.fit import Example
from triage.risk.signs import Signs, strengths

HORIZON = timedelta(days=1)
_AGES = tuple(timedelta(minutes=m) for m in (5, 30, 120, 480, 1440))
_MOST_MOMENTS, _AT_ONCE = 12, 500
_LATELY = timedelta(hours=1)

_CASES = text("""
    SELECT number, opened_at, author_followers FROM cases
    WHERE opened_at < :until AND opened_at >= :since AND merged_into IS NULL AND number > :after
    ORDER BY number LIMIT :limit
""")
_EVENTS = text("""
    SELECT case_number, kind, at, actor, text, data FROM case_events
    WHERE case_number = ANY(:numbers) ORDER BY case_number, id
""")
_PROJECTS = text(
    "SELECT case_number, min(opened_at) AS at FROM escalations WHERE case_number = ANY(:numbers) GROUP BY 1"
)


def examples(
    connection: Connection, policy: Policy, now: datetime, back: timedelta = timedelta(days=730)
) -> list[Example]:
    """All that the history teaches, in the order in which the cases were opened."""
    found: list[Example] = []
    after = 0
    while True:
        given = {"until": now - HORIZON, "since": now - back, "after": after, "limit": _AT_ONCE}
        rows = connection.execute(_CASES, given).all()
        if not rows:
            return found
        numbers = [row.number for row in rows]
        events = _events(connection, numbers)
        stored = clocks.read(connection, numbers)
        projects = {row.case_number: row.at for row in connection.execute(_PROJECTS, {"numbers": numbers})}
        since = {"numbers": numbers, "since": now - back - policy.triage.repeat_window}
        earlier = {row.case_number: row.cases for row in connection.execute(EARLIER, since)}
        for row in rows:
            found += of_case(
                row.number, events[row.number], list(stored[row.number].values()), projects.get(row.number),
                row.author_followers or 0, earlier.get(row.number, 0), policy.triage.reach_high, now,
            )  # fmt: skip
        after = numbers[-1]


def of_case(
    number: int,
    events: Sequence[Event],
    stored: Sequence[Clock],
    project: datetime | None,
    followers: int,
    earlier: int,
    reach_high: int,
    now: datetime,
) -> list[Example]:
    """The moments of one case, each with what it came to. Pure."""
    if not events:
        return []
    told = [event.at for event in events]
    ends = _escalated_at(events, stored, project)
    found = []
    for at in _moments(events, now):
        stands = replay(events[: bisect_left(told, at + timedelta(microseconds=1))])
        if stands.state not in LIVE or any(end <= at for end in ends):
            continue
        signs = _signs(events, followers, earlier, at)
        how = strengths(stands.severity, (_as_of(clock, at) for clock in stored), signs, reach_high)
        found.append((how, any(at < end <= at + HORIZON for end in ends)))
    return [Example(number, how, yes, 1 / len(found)) for how, yes in found]


def _escalated_at(events: Sequence[Event], stored: Iterable[Clock], project: datetime | None) -> list[datetime]:
    found = [project] if project and project > events[0].at + timedelta(minutes=1) else []
    severity = Standing().severity
    for event in events:
        after = Severity(event.data.get("severity", event.data.get("after", severity)))
        if after is Severity.SEV1 and severity is not Severity.SEV1 and event.kind in ("severity", "escalated"):
            found.append(event.at)
        severity = after if event.kind in ("opened", "severity", "escalated") else severity
    return [*found, *(e.at for clock in stored for e in clock.history if e.event == "breached")]


def _moments(events: Sequence[Event], now: datetime) -> list[datetime]:
    opened = events[0].at
    posts = [event.at for event in events if event.kind in ("opened", "joined")]
    all_ = {*(opened + age for age in _AGES), *posts[:_MOST_MOMENTS]}
    return [at for at in sorted(all_) if at <= now - HORIZON]


def _signs(events: Sequence[Event], followers: int, earlier: int, at: datetime) -> Signs:
    posts = [e for e in events if e.kind in ("opened", "joined") and e.at <= at]
    moods = tuple(float(e.data["mood"]) for e in posts if "mood" in e.data)
    return Signs(followers, moods, earlier, sum(e.at > at - _LATELY for e in posts), max(len(posts), 1))


def _as_of(clock: Clock, at: datetime) -> tuple[str, float]:
    """How much of its time a clock had used at a moment: 0 where it did not run."""
    before = [e for e in clock.history if e.at <= at]
    if not before or (clock.ended_at is not None and clock.ended_at <= at) or clock.started_at > at:
        return clock.name.value, 0.0
    if any(e.event == "breached" for e in before):
        return clock.name.value, 1.0
    if before[-1].event == "paused":
        return clock.name.value, 0.0
    span = max((before[-1].due_at - clock.started_at).total_seconds(), 1.0)
    return clock.name.value, min((at - clock.started_at).total_seconds() / span, 1.0)


def _events(connection: Connection, numbers: Sequence[int]) -> Mapping[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    for row in connection.execute(_EVENTS, {"numbers": list(numbers)}):
        found[row.case_number].append(Event(row.kind, row.at, row.actor, row.text, row.data))
    return found
