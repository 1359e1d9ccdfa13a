"""Early warning: how likely an open case is to be escalated, 0–1, with its reasons. A transparent starting model.

Each sign has a weight, the most it can add by itself, and a strength from 0 to 1. Signs add up like chances that are
independent of each other: 1 − Π(1 − weight × strength). `assess` is pure; `refresh` keeps it for cases that changed,
and a clock that nears its end changes its case.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Clock, ClockState, Risk, Severity
from triage import clocks, records
from triage.policy import Policy
from triage.records import CaseRecord

AT_ONCE = 200
_LATELY = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_SHOWN = 0.03

_STALE = text("""
    SELECT c.number FROM cases c LEFT JOIN case_risks r ON r.case_number = c.number
    WHERE c.state IN ('new', 'open', 'waiting') AND c.updated_at > :since AND (r.at IS NULL OR r.at < c.updated_at)
    ORDER BY c.updated_at DESC LIMIT :limit
""")
_HEARD = text("""
    SELECT case_number, count(*) FILTER (WHERE at > :since) AS lately, count(*) AS posts,
      array_agg((data->>'mood')::real ORDER BY id) FILTER (WHERE data ? 'mood') AS moods
    FROM case_events WHERE case_number = ANY(:numbers) AND kind IN ('opened', 'joined') GROUP BY case_number
""")
_EARLIER = text("""
    SELECT k.case_number, count(DISTINCT o.case_number) AS cases
    FROM case_keys k CROSS JOIN LATERAL (
      SELECT case_number FROM case_keys WHERE held AND key = k.key
      UNION ALL SELECT case_number FROM case_keys WHERE NOT held AND key = k.key
    ) AS o JOIN cases c ON c.number = o.case_number
    WHERE k.case_number = ANY(:numbers) AND k.key LIKE 'a:%' AND o.case_number < k.case_number
      AND c.posted_at >= :since
    GROUP BY k.case_number
""")
_KEEP = text("""
    INSERT INTO case_risks (case_number, score, reasons, at)
    SELECT case_number, score, reasons, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(case_number bigint, score real, reasons jsonb)
    ON CONFLICT (case_number) DO UPDATE SET score = excluded.score, reasons = excluded.reasons, at = excluded.at
""")
_READ = text("SELECT case_number, score, reasons FROM case_risks WHERE case_number = ANY(:numbers)")


@dataclass(frozen=True, slots=True)
class Signs:
    """What is looked at beside the case itself.

    `moods` are the author's sentiment scores (-1 to 1) from the first post on, `earlier` how many cases they had
    before, `lately` how many posts came within the last hour, `posts` how many in all.
    """

    moods: tuple[float, ...] = ()
    earlier: int = 0
    lately: int = 0
    posts: int = 1


@dataclass(frozen=True, slots=True)
class _Row:
    case_number: int
    score: float
    reasons: tuple[str, ...]


NO_SIGNS = Signs()


def assess(case: CaseRecord, running: Iterable[Clock], signs: Signs, policy: Policy, now: datetime) -> Risk:
    """The risk of a case now, and why, the weightiest first."""
    found = [
        *_severity(case), *_time(running, now), *_contact(signs), *_mood(signs),
        *_reach(case, policy.triage.reach_high), *_growth(signs),
    ]  # fmt: skip
    score = 1 - math.prod(1 - part for part, _ in found)
    told = sorted((p for p in found if p[0] >= _SHOWN), key=lambda p: -p[0])
    return Risk(round(score, 3), tuple(f"{words} (+{part:.2f})" for part, words in told))


def refresh(connection: Connection, policy: Policy, now: datetime, limit: int = AT_ONCE) -> int:
    """Estimate anew the open cases that have changed lately, and once a minute any; returns how many."""
    since = now - (timedelta(days=3650) if now.second == 0 else _LATELY)
    numbers = list(connection.scalars(_STALE, {"limit": limit, "since": since}))
    if not numbers:
        return 0
    cases, stored = records.read(connection, numbers), clocks.read(connection, numbers)
    signs = _signs(connection, numbers, policy, now)
    rows = [
        _Row(n, risk.score, risk.reasons)
        for n in numbers
        for risk in (assess(cases[n], stored[n].values(), signs.get(n, NO_SIGNS), policy, now),)
    ]
    connection.execute(_KEEP, {"rows": msgspec.json.encode(rows).decode(), "now": now})
    return len(rows)


def read(connection: Connection, numbers: Sequence[int]) -> dict[int, Risk]:
    """The risks that are known."""
    rows = connection.execute(_READ, {"numbers": list(numbers)}) if numbers else ()
    return {row.case_number: Risk(round(row.score, 3), tuple(row.reasons)) for row in rows}


def _signs(connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime) -> dict[int, Signs]:
    given = {"numbers": list(numbers), "since": now - policy.triage.repeat_window}
    earlier = {row.case_number: row.cases for row in connection.execute(_EARLIER, given)}
    heard = connection.execute(_HEARD, {"numbers": list(numbers), "since": now - _HOUR})
    return {
        row.case_number: Signs(tuple(row.moods or ()), earlier.get(row.case_number, 0), row.lately, max(row.posts, 1))
        for row in heard
    }


def _severity(case: CaseRecord) -> list[tuple[float, str]]:
    weight = {Severity.SEV1: 0.35, Severity.SEV2: 0.15}.get(case.severity, 0.0)
    return [(weight, f"it is {case.severity}")] if weight else []


def _time(running: Iterable[Clock], now: datetime) -> list[tuple[float, str]]:
    """The clock that is nearest to its end: nothing until half of its time, all when it is breached."""
    used, name = 0.0, ""
    for clock in running:
        if clock.ended_at is not None or clock.state not in (ClockState.RUNNING, ClockState.BREACHED):
            continue
        span = max((clock.due_at - clock.started_at).total_seconds(), 1.0)
        share = 1.0 if clock.state is ClockState.BREACHED else (now - clock.started_at).total_seconds() / span
        used, name = max((used, name), (min(share, 1.0), clock.name.replace("_", " ")))
    strength = max(0.0, 2 * used - 1)
    return [(0.45 * strength, f"{name}: {used:.0%} of the time is used")] if strength else []


def _contact(signs: Signs) -> list[tuple[float, str]]:
    again = len(signs.moods) - 1
    parts = [(0.30 * min(signs.earlier, 3) / 3, f"{signs.earlier} cases of the same author before")]
    parts += [(0.25 * min(max(again, 0), 4) / 4, f"the author has written {again} times more")]
    return [part for part in parts if part[0] > 0]


def _mood(signs: Signs) -> list[tuple[float, str]]:
    """The last post against the mean of those before it."""
    if len(signs.moods) < 2:
        return []
    before, last = sum(signs.moods[:-1]) / (len(signs.moods) - 1), signs.moods[-1]
    fall = before - last
    return [(0.30 * min(fall, 1.0), f"sentiment falls from {before:+.1f} to {last:+.1f}")] if fall > 0.1 else []


def _reach(case: CaseRecord, high: int) -> list[tuple[float, str]]:
    """Nothing below a hundredth of `triage.reach_high`, all from there on."""
    followers = case.author_followers or 0
    strength = min(1.0, max(0.0, 1 + math.log10(max(followers, 1) / high) / 2))
    return [(0.30 * strength, f"the author has {followers:,} followers")] if strength > 0 else []


def _growth(signs: Signs) -> list[tuple[float, str]]:
    if signs.lately < 3:
        return []
    return [(0.30 * min(signs.lately, 30) / 30, f"{signs.lately} of {signs.posts} posts within the last hour")]
