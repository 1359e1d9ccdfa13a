"""Early warning: how likely an open case is to be escalated, 0–1, with its reasons.

Each sign has a strength from 0 to 1, and a weight (`triage.risk_model`): a starting one, or one that was fitted to the
site's own cases. `assess` is pure; `refresh` keeps it for cases that changed, and a clock that nears its end changes
its case.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Clock, ClockState, Risk, Severity
from leitstand.rows import Rows
from triage import clocks, records
from triage.policy import Policy
from triage.records import CaseRecord
from triage.risk_model import Model

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
EARLIER = text("""
    SELECT k.case_number, count(DISTINCT o.case_number) AS cases
    FROM case_keys k CROSS JOIN LATERAL (
      SELECT case_number FROM case_keys WHERE held AND key = k.key
      UNION ALL SELECT case_number FROM case_keys WHERE NOT held AND key = k.key
    ) AS o JOIN cases c ON c.number = o.case_number
    WHERE k.case_number = ANY(:numbers) AND k.key LIKE 'a:%' AND o.case_number < k.case_number
      AND c.posted_at >= :since
    GROUP BY k.case_number
""")
_ROWS: Final = Rows({"case_number": "bigint", "score": "real", "reasons": "jsonb"})
_KEEP = text(f"""
    INSERT INTO case_risks (at, {_ROWS.names}) SELECT :now, {_ROWS.selected} FROM {_ROWS.source}
    ON CONFLICT (case_number) DO UPDATE SET score = excluded.score, reasons = excluded.reasons, at = excluded.at
""")  # noqa: S608  our own column names
_LAST = text("SELECT model::text FROM risk_models ORDER BY id DESC LIMIT 1")
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


NO_SIGNS, STARTING = Signs(), Model()


def assess(
    case: CaseRecord, running: Iterable[Clock], signs: Signs, policy: Policy, now: datetime, model: Model = STARTING
) -> Risk:
    """The risk of a case now, and why, the weightiest first."""
    found = _found(
        case.severity, case.author_followers or 0, (_used(clock, now) for clock in running), signs,
        policy.triage.reach_high,
    )  # fmt: skip
    score = model.risk({sign: strength for sign, strength, _ in found})
    parts = [(model.part(sign, strength), words) for sign, strength, words in found]
    told = sorted((p for p in [*parts, (model.base, "as with any case")] if p[0] >= _SHOWN), key=lambda p: -p[0])
    return Risk(round(score, 3), tuple(f"{words} (+{part:.2f})" for part, words in told))


def strengths(
    severity: Severity, followers: int, used: Iterable[tuple[str, float]], signs: Signs, reach_high: int
) -> dict[str, float]:
    """How strong each sign is, by its name. `used` is how much of its time each clock has used."""
    return {sign: strength for sign, strength, _ in _found(severity, followers, used, signs, reach_high)}


def refresh(connection: Connection, policy: Policy, now: datetime, limit: int = AT_ONCE) -> int:
    """Estimate anew the open cases that have changed lately, and once a minute any; returns how many."""
    since = now - (timedelta(days=3650) if now.second == 0 else _LATELY)
    numbers = list(connection.scalars(_STALE, {"limit": limit, "since": since}))
    if not numbers:
        return 0
    cases, stored = records.read(connection, numbers), clocks.read(connection, numbers)
    signs, model = _signs(connection, numbers, policy, now), in_use(connection)
    rows = [
        (n, risk.score, risk.reasons)
        for n in numbers
        for risk in (assess(cases[n], stored[n].values(), signs.get(n, NO_SIGNS), policy, now, model),)
    ]
    connection.execute(_KEEP, {"now": now, **_ROWS.parameters(rows)})
    return len(rows)


def read(connection: Connection, numbers: Sequence[int]) -> dict[int, Risk]:
    """The risks that are known."""
    rows = connection.execute(_READ, {"numbers": list(numbers)}) if numbers else ()
    return {row.case_number: Risk(round(row.score, 3), tuple(row.reasons)) for row in rows}


def in_use(connection: Connection) -> Model:
    """The weights that count now."""
    found = connection.scalar(_LAST)
    return msgspec.json.decode(found, type=Model) if found else Model()


def _signs(connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime) -> dict[int, Signs]:
    given = {"numbers": list(numbers), "since": now - policy.triage.repeat_window}
    earlier = {row.case_number: row.cases for row in connection.execute(EARLIER, given)}
    heard = connection.execute(_HEARD, {"numbers": list(numbers), "since": now - _HOUR})
    return {
        row.case_number: Signs(tuple(row.moods or ()), earlier.get(row.case_number, 0), row.lately, max(row.posts, 1))
        for row in heard
    }


_Found = list[tuple[str, float, str]]


def _found(
    severity: Severity, followers: int, used: Iterable[tuple[str, float]], signs: Signs, reach_high: int
) -> _Found:
    """The signs that are there: their names, strengths and words."""
    return [
        *_severity(severity), *_time(used), *_contact(signs), *_mood(signs), *_reach(followers, reach_high),
        *_growth(signs),
    ]  # fmt: skip


def _severity(severity: Severity) -> _Found:
    return [(severity.value, 1.0, f"it is {severity}")] if severity in (Severity.SEV1, Severity.SEV2) else []


def _used(clock: Clock, now: datetime) -> tuple[str, float]:
    """How much of its time a clock has used: all when it is breached, nothing where it does not run."""
    if clock.ended_at is not None or clock.state not in (ClockState.RUNNING, ClockState.BREACHED):
        return clock.name.value, 0.0
    span = max((clock.due_at - clock.started_at).total_seconds(), 1.0)
    share = 1.0 if clock.state is ClockState.BREACHED else (now - clock.started_at).total_seconds() / span
    return clock.name.value, min(share, 1.0)


def _time(used: Iterable[tuple[str, float]]) -> _Found:
    """The clock that is nearest to its end: nothing until half of its time, all when it is breached."""
    name, most = max(used, key=lambda pair: pair[1], default=("", 0.0))
    strength = max(0.0, 2 * most - 1)
    said = f"{name.replace('_', ' ')}: {most:.0%} of the time is used"
    return [("deadline", strength, said)] if strength else []


def _contact(signs: Signs) -> _Found:
    again = len(signs.moods) - 1
    parts = [("earlier", min(signs.earlier, 3) / 3, f"{signs.earlier} cases of the same author before")]
    parts += [("again", min(max(again, 0), 4) / 4, f"the author has written {again} times more")]
    return [part for part in parts if part[1] > 0]


def _mood(signs: Signs) -> _Found:
    """The last post against the mean of those before it."""
    if len(signs.moods) < 2:
        return []
    before, last = sum(signs.moods[:-1]) / (len(signs.moods) - 1), signs.moods[-1]
    fall = before - last
    return [("mood", min(fall, 1.0), f"sentiment falls from {before:+.1f} to {last:+.1f}")] if fall > 0.1 else []


def _reach(followers: int, high: int) -> _Found:
    """Nothing below a hundredth of `triage.reach_high`, all from there on."""
    strength = min(1.0, max(0.0, 1 + math.log10(max(followers, 1) / high) / 2))
    return [("reach", strength, f"the author has {followers:,} followers")] if strength > 0 else []


def _growth(signs: Signs) -> _Found:
    if signs.lately < 3:
        return []
    return [("growth", min(signs.lately, 30) / 30, f"{signs.lately} of {signs.posts} posts within the last hour")]
