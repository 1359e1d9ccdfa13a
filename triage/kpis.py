"""Figures of a period from the event log: how many cases, how soon they were seen to, which deadlines were kept.

The cases of a period are those opened in it, whenever they ended; one that was merged into another is not counted
again. Times count from when the post was written. A case is resolved if it was not reopened since. Each row is about
one value of one dimension: the whole, a day, a channel, a team, a severity, or the customers with a contract.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from leitstand.model import ClockName

DIMENSIONS = ("all", "day", "channel", "team", "severity", "contract")

_CASES = """
    WITH wanted AS (
      SELECT number, channel, team, severity, posted_at, to_char(opened_at AT TIME ZONE :zone, 'YYYY-MM-DD') AS day,
        CASE WHEN tier = ANY(:contract) THEN 'contract' ELSE 'no contract' END AS contract, mention_count,
        CASE WHEN tier = ANY(:contract)
          THEN channel || ':' || coalesce(nullif(author_id, ''), nullif(lower(author_handle), '')) END AS customer
      FROM cases WHERE opened_at >= :since AND opened_at < :until AND merged_into IS NULL
    )
"""
_FIGURES = text(
    _CASES  # noqa: S608  our own words on both sides
    + """
    , told AS (
      SELECT w.*, e.* FROM wanted w CROSS JOIN LATERAL (
        SELECT min(at) FILTER (WHERE kind IN ('acknowledged', 'resolved')) AS acknowledged,
          min(coalesce((data->>'written_at')::timestamptz, at))
            FILTER (WHERE kind IN ('replied', 'answered')) AS answered,
          max(at) FILTER (WHERE kind = 'resolved') AS resolved,
          min(at) FILTER (WHERE kind = 'resolved') AS first_resolved,
          max(at) FILTER (WHERE kind = 'reopened') AS reopened, count(*) FILTER (WHERE kind = 'reopened') AS reopenings,
          coalesce(bool_or(kind IN ('escalated', 'escalation_started')), false) AS escalated
        FROM case_events WHERE case_number = w.number
      ) AS e
    ), timed AS (
      SELECT *, resolved IS NOT NULL AND (reopened IS NULL OR resolved > reopened) AS solved,
        extract(epoch FROM acknowledged - posted_at) AS ack, extract(epoch FROM answered - posted_at) AS response,
        extract(epoch FROM resolved - posted_at) AS resolution,
        (first_resolved AT TIME ZONE :zone)::date = (posted_at AT TIME ZONE :zone)::date AS same_day
      FROM told
    )
    SELECT GROUPING(day, channel, team, severity, contract) AS grouped, day, channel, team, severity, contract,
      count(*) AS cases, sum(mention_count) AS posts, count(DISTINCT customer) AS contract_customers,
      count(*) FILTER (WHERE escalated) AS escalated, count(*) FILTER (WHERE solved) AS resolved,
      count(*) FILTER (WHERE solved AND same_day) AS same_day, sum(reopenings) AS reopened,
      percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY ack) AS acknowledge,
      percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY response) AS first_response,
      percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY resolution) FILTER (WHERE solved) AS resolution,
      avg(resolution) FILTER (WHERE solved) / 86400 AS days_to_close,
      count(score) AS ratings, avg(score) AS satisfaction
    FROM timed LEFT JOIN case_ratings r ON r.case_number = timed.number
    GROUP BY GROUPING SETS ((), (day), (channel), (team), (severity), (contract))
    """
)
# A clock that runs several times (the next response, a hand-over) is kept or missed each time; of the others the end
# counts: a case that was resolved in time, reopened, and then resolved late is a miss.
_CLOCKS = text(
    _CASES  # noqa: S608
    + """
    , ended AS (
      SELECT w.day, w.channel, w.team, w.severity, w.contract, k.name,
        CASE WHEN often THEN jsonb_array_length(jsonb_path_query_array(k.history, 'strict $[*] ? (@[1] == "met")'))
          ELSE (k.state = 'met')::int END AS met,
        CASE WHEN often THEN jsonb_array_length(jsonb_path_query_array(k.history, 'strict $[*] ? (@[1] == "late")'))
          + (k.state = 'breached' AND k.ended_at IS NULL)::int ELSE (k.state = 'breached')::int END AS missed
      FROM wanted w JOIN sla_clocks k ON k.case_number = w.number
      CROSS JOIN LATERAL (SELECT k.name IN ('next_response', 'forward_accepted') AS often) AS o
    )
    SELECT GROUPING(day, channel, team, severity, contract) AS grouped, day, channel, team, severity, contract, name,
      sum(met) AS met, sum(missed) AS missed
    FROM ended
    GROUP BY GROUPING SETS ((name), (day, name), (channel, name), (team, name), (severity, name), (contract, name))
    """
)
_GROUPED = {
    0b11111: "all",
    0b01111: "day",
    0b10111: "channel",
    0b11011: "team",
    0b11101: "severity",
    0b11110: "contract",
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds: half of the cases within the median, nine of ten within `p90`. None where there was none."""

    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How often a deadline was kept and missed; those still running are not counted."""

    met: int
    missed: int

    @property
    def share(self) -> float | None:
        """The SLA attainment, 0–1."""
        return self.met / (self.met + self.missed) if self.met + self.missed else None


@dataclass(frozen=True, slots=True)
class Kpi:
    """The figures of one value of a dimension. `clocks` are by the clocks' names.

    `contract_customers` are how many different customers with a contract these cases are of.
    """

    dimension: str
    value: str
    cases: int
    posts: int
    contract_customers: int
    escalated: int
    resolved: int
    same_day: int
    reopened: int
    acknowledge: Spread
    first_response: Spread
    resolution: Spread
    days_to_close: float | None
    ratings: int
    satisfaction: float | None
    clocks: dict[str, Kept]

    @property
    def escalation_rate(self) -> float:
        """The share of cases for which an escalation ran, or a person escalated."""
        return self.escalated / self.cases

    @property
    def same_day_rate(self) -> float | None:
        """The share of the resolved cases that were so on the day on which their posts were written."""
        return self.same_day / self.resolved if self.resolved else None


def kpis(
    connection: Connection, since: datetime, until: datetime, zone: ZoneInfo, contract: Iterable[str] = ()
) -> list[Kpi]:
    """The rows of the period, the whole first, then by dimension and value. `contract` are the tiers that have one."""
    asked = {"since": since, "until": until, "zone": zone.key, "contract": list(contract)}
    clocks: dict[tuple[str, str], dict[str, Kept]] = defaultdict(dict)
    for row in connection.execute(_CLOCKS, asked):
        clocks[_about(row)][row.name] = Kept(int(row.met), int(row.missed))
    rows = [_kpi(row, clocks) for row in connection.execute(_FIGURES, asked) if row.cases]
    return sorted(rows, key=lambda kpi: (DIMENSIONS.index(kpi.dimension), kpi.value))


def _about(row: Any) -> tuple[str, str]:
    dimension = _GROUPED[row.grouped]
    return dimension, "" if dimension == "all" else getattr(row, dimension)


def _kpi(row: Any, clocks: dict[tuple[str, str], dict[str, Kept]]) -> Kpi:
    dimension, value = _about(row)
    return Kpi(
        dimension,
        value,
        row.cases,
        int(row.posts),
        row.contract_customers,
        row.escalated,
        row.resolved,
        row.same_day,
        int(row.reopened),
        _spread(row.acknowledge),
        _spread(row.first_response),
        _spread(row.resolution),
        None if row.days_to_close is None else float(row.days_to_close),
        row.ratings,
        None if row.satisfaction is None else float(row.satisfaction),
        dict(_in_order(clocks.get((dimension, value), {}))),
    )


def _spread(found: list[float | None] | None) -> Spread:
    return Spread(*found) if found else Spread()


def _in_order(clocks: dict[str, Kept]) -> Iterator[tuple[str, Kept]]:
    return ((name.value, clocks[name.value]) for name in ClockName if name.value in clocks)
