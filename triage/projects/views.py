"""Escalations as shown: a list, one with everything, the riskiest, and what was learned, found by its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import Severity, TrafficLight
from triage import records
from triage.projects import store
from triage.projects.store import Entry, Measure, Project

_LIST = text("""
    SELECT * FROM escalations WHERE (CAST(:state AS text) IS NULL OR state = :state) ORDER BY number DESC LIMIT :limit
""")
_FOUND = text("""
    WITH asked AS (
      SELECT websearch_to_tsquery('german', :words) || websearch_to_tsquery('english', :words) AS query
    )
    SELECT e.* FROM escalations e, asked WHERE e.words @@ asked.query
    ORDER BY ts_rank(e.words, asked.query) DESC, e.number DESC LIMIT :limit
""")
_RISKS = text("SELECT case_number, score FROM case_risks WHERE case_number = ANY(:numbers)")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Detail:
    """An escalation with its measures and its log."""

    escalation: Project
    measures: tuple[Measure, ...]
    log: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Risky:
    """An open escalation, how risky it is (0–1), and why."""

    escalation: Project
    score: float
    reasons: tuple[str, ...]


def listed(connection: Connection, state: str | None = "open", limit: int = 100) -> list[Project]:
    """The newest first; `state` None means all."""
    return [store.project(row) for row in connection.execute(_LIST, {"state": state, "limit": limit})]


def detail(connection: Connection, number: int, now: datetime) -> Detail:
    """One with everything. Raises NotFoundError."""
    project = store.read(connection, number)
    measures = store.measures(connection, [number], now)[number]
    return Detail(project, tuple(measures), tuple(store.log(connection, number)))


def search(connection: Connection, words: str, limit: int = 20) -> list[Project]:
    """Those whose title or lesson has the words, in German or English, the best first."""
    return [store.project(row) for row in connection.execute(_FOUND, {"words": words, "limit": limit})]


def riskiest(connection: Connection, now: datetime, limit: int = 10) -> list[Risky]:
    """The open escalations that most need looking at."""
    projects = listed(connection, "open", 1000)
    measures = store.measures(connection, [p.number for p in projects], now)
    numbers = [p.case_number for p in projects if p.case_number is not None]
    cases = records.read(connection, numbers)
    risks = {row.case_number: row.score for row in connection.execute(_RISKS, {"numbers": numbers})}
    found = [
        weigh(p, measures[p.number], cases[p.case_number].severity, risks.get(p.case_number, 0.0), now)
        for p in projects
        if p.case_number is not None
    ]
    return sorted(found, key=lambda r: (-r.score, r.escalation.number))[:limit]


def weigh(project: Project, measures: Sequence[Measure], severity: Severity, risk: float, now: datetime) -> Risky:
    """How risky an escalation is: what is late, what nobody does, how bad and how old it is. Pure."""
    undone = [m for m in measures if m.done_at is None]
    late = sum(m.light is TrafficLight.RED for m in undone)
    unaccepted = sum(bool(m.department) and m.accepted_at is None for m in undone)
    days = (now - project.opened_at).total_seconds() / _DAY
    parts = (
        (0.35 * min(late, 2) / 2 if late else 0.0, f"measures overdue: {late}"),
        (0.15 if not project.owner else 0.0, "nobody owns it"),
        (0.10 if not undone else 0.0, "no open measure: nothing is being done"),
        (0.10 if unaccepted else 0.0, f"hand-overs not accepted: {unaccepted}"),
        (0.10 if severity is Severity.SEV1 else 0.0, "the case is sev1"),
        (0.10 * min(days / 7, 1), f"days open: {days:.0f}"),
        (0.10 * risk, f"the case's own risk is {risk:.0%}"),
    )
    told = tuple(words for weight, words in sorted(parts, reverse=True) if weight >= 0.01)
    return Risky(project, round(sum(weight for weight, _ in parts), 2), told)
