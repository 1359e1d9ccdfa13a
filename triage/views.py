"""Cases as shown: one with its timeline, pages of many, and the sums that monitoring draws."""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError
from leitstand.model import CaseSnapshot, ClockName, Event, StoryView
from triage import clocks, ratings, records, timeline
from triage.policy import Policy
from triage.ratings import Rating
from triage.records import from_row
from triage.risk import estimates
from triage.snapshot import snapshot
from triage.stories.summary import story_of_case

LARGEST_PAGE = 200
FIRST_MENTIONS = 20  # how a case began is told, however much came after

_MENTIONS = text("""
    (SELECT mention_id FROM case_mentions WHERE case_number = :number ORDER BY mention_id LIMIT :first)
    UNION
    (SELECT mention_id FROM case_mentions WHERE case_number = :number ORDER BY mention_id DESC LIMIT :limit)
    ORDER BY mention_id
""")
_WANTED = """
    (CAST(:states AS text[]) IS NULL OR state = ANY(:states))
      AND (CAST(:severities AS text[]) IS NULL OR severity = ANY(:severities))
      AND (CAST(:team AS text) IS NULL OR team = :team)
      AND (CAST(:channel AS text) IS NULL OR channel = :channel)
      AND (CAST(:watchlist AS text) IS NULL OR :watchlist = ANY(watchlists))
      AND (NOT :review OR review <> '')
"""
_PAGE = text(
    f"SELECT * FROM cases WHERE {_WANTED} AND (CAST(:below AS bigint) IS NULL OR number < :below)"  # noqa: S608
    " ORDER BY number DESC LIMIT :limit"
)
_URGENT = text(f"""
    SELECT c.* FROM cases c
    LEFT JOIN LATERAL (SELECT min(due_at) AS due_at FROM sla_clocks k
                       WHERE k.case_number = c.number AND k.state IN ('running', 'breached')
                         AND k.ended_at IS NULL) AS k ON true
    LEFT JOIN case_risks r ON r.case_number = c.number
    WHERE c.state IN ('new', 'open', 'waiting') AND {_WANTED.replace("state =", "c.state =")}
    ORDER BY CASE WHEN :due_first THEN k.due_at END, c.severity, r.score DESC NULLS LAST, k.due_at NULLS LAST, c.number
    LIMIT :limit
""")  # noqa: S608  our own words
# From the open cases: those that are over keep their last risk, and are soon many more.
_RISKIEST = text("""
    WITH live AS MATERIALIZED (SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting'))
    , riskiest AS (
      SELECT live.number, r.score FROM live JOIN case_risks r ON r.case_number = live.number
      ORDER BY r.score DESC, live.number LIMIT :limit
    )
    SELECT c.* FROM riskiest JOIN cases c USING (number) ORDER BY riskiest.score DESC, c.number
""")
_OPEN = text("""
    SELECT severity, channel, state, count(*) AS count FROM cases WHERE state IN ('new', 'open', 'waiting')
    GROUP BY severity, channel, state
""")
_OVERDUE = text("""
    SELECT count(*) FROM cases c WHERE c.state IN ('new', 'open', 'waiting') AND EXISTS (
      SELECT FROM sla_clocks k WHERE k.case_number = c.number AND k.state IN ('running', 'breached')
        AND k.ended_at IS NULL AND k.due_at <= :now)
""")
_TO_REVIEW = text("SELECT count(*) FROM cases WHERE state IN ('new', 'open', 'waiting') AND review <> ''")
_NEXT_BREACH = text("SELECT name, min(due_at) AS due_at FROM sla_clocks WHERE state = 'running' GROUP BY name")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases to list; None and empty mean all."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    team: str | None = None
    channel: str | None = None
    review: bool = False
    watchlist: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases, the newest first, and the cursor of the next page; None at the end."""

    cases: tuple[CaseSnapshot, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with its timeline and the ids of its mentions, both oldest first, and the story that most of them tell.

    `rating` is what its author thinks of how it was solved.
    """

    case: CaseSnapshot
    tags: tuple[str, ...]
    events: tuple[Event, ...]
    mentions: tuple[int, ...]
    story: StoryView | None = None
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class OpenCases:
    """How many open cases there are of one severity, channel and state."""

    severity: str
    channel: str
    state: str
    count: int


def load_case(connection: Connection, number: int, policy: Policy, now: datetime, limit: int = 1000) -> CaseDetail:
    """The case, with its newest events and mentions, at most `limit`, and how it began. Raises NotFoundError."""
    case = records.read(connection, [number]).get(number)
    if case is None:
        raise NotFoundError(f"there is no case {number}")
    stored = clocks.read(connection, [number])[number]
    return CaseDetail(
        snapshot(case, stored.values(), policy, now, risk=estimates.read(connection, [number]).get(number)),
        case.tags,
        tuple(timeline.read(connection, number, limit)),
        tuple(connection.scalars(_MENTIONS, {"number": number, "first": FIRST_MENTIONS, "limit": limit})),
        story_of_case(connection, number, now),
        ratings.rating_of(connection, number),
    )


def list_cases(
    connection: Connection, filters: Filters, policy: Policy, now: datetime, *, cursor: str = "", limit: int = 50
) -> Page:
    """A page of cases. New cases never shift the pages that follow. Raises InputError for a cursor that is not ours."""
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = connection.execute(
        _PAGE,
        {**_parameters(filters), "below": _number(cursor), "limit": limit + 1},
    )
    found = [from_row(row) for row in rows]
    shown = found[:limit]
    return Page(_snapshots(connection, shown, policy, now), _cursor(shown[-1].number) if len(found) > limit else None)


_EVERY = Filters()


def most_urgent(
    connection: Connection,
    policy: Policy,
    now: datetime,
    limit: int = 50,
    filters: Filters = _EVERY,
    *,
    due_first: bool = False,
) -> tuple[CaseSnapshot, ...]:
    """The open cases to look at first: the worst severity, then the highest risk, then the soonest deadline.

    Their clocks do not say how their due times come about: a list has no room for it.
    """
    wanted = {**_parameters(filters), "limit": max(1, min(limit, LARGEST_PAGE)), "due_first": due_first}
    found = [from_row(row) for row in connection.execute(_URGENT, wanted)]
    return _snapshots(connection, found, policy, now, explained=False)


def _parameters(filters: Filters) -> dict[str, object]:
    return {
        "states": list(filters.states) or None,
        "severities": list(filters.severities) or None,
        "team": filters.team or None,
        "channel": filters.channel or None,
        "watchlist": filters.watchlist or None,
        "review": filters.review,
    }


def riskiest(connection: Connection, policy: Policy, now: datetime, limit: int = 50) -> tuple[CaseSnapshot, ...]:
    """The open cases that are most likely to be escalated."""
    found = [from_row(row) for row in connection.execute(_RISKIEST, {"limit": max(1, min(limit, LARGEST_PAGE))})]
    return _snapshots(connection, found, policy, now)


def snapshots(
    connection: Connection, numbers: Collection[int], policy: Policy, now: datetime
) -> dict[int, CaseSnapshot]:
    """The cases of these numbers that exist."""
    found = list(records.read(connection, numbers).values())
    return {case.number: case for case in _snapshots(connection, found, policy, now)}


def open_cases(connection: Connection) -> list[OpenCases]:
    """Open cases by severity, channel and state."""
    return [OpenCases(*row) for row in connection.execute(_OPEN)]


def overdue(connection: Connection, now: datetime) -> int:
    """How many open cases have a deadline that has passed and still waits for somebody."""
    found: int = connection.execute(_OVERDUE, {"now": now}).scalar_one()
    return found


def to_review(connection: Connection) -> int:
    """How many open cases wait for a person."""
    found: int = connection.execute(_TO_REVIEW).scalar_one()
    return found


def seconds_to_next_breach(connection: Connection, now: datetime) -> dict[ClockName, float]:
    """Per clock, the seconds until the first running one falls due; negative where one is overdue."""
    return {ClockName(row.name): (row.due_at - now).total_seconds() for row in connection.execute(_NEXT_BREACH)}


def _snapshots(
    connection: Connection,
    found: Sequence[records.CaseRecord],
    policy: Policy,
    now: datetime,
    *,
    explained: bool = True,
) -> tuple[CaseSnapshot, ...]:
    numbers = [case.number for case in found]
    stored, risks = clocks.read(connection, numbers), estimates.read(connection, numbers)
    return tuple(
        snapshot(case, stored[case.number].values(), policy, now, risk=risks.get(case.number), explained=explained)
        for case in found
    )


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _number(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        number = int(base64.urlsafe_b64decode(cursor[:40] + "=" * (-len(cursor[:40]) % 4)))
    except (ValueError, binascii.Error):
        raise InputError("not a cursor of this list", "cursor") from None
    if not 0 < number < 2**63:
        raise InputError("not a cursor of this list", "cursor")
    return number
