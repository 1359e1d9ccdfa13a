"""The risks of open cases as stored: estimated anew where a case changed, as it does when a clock nears its end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Risk, Severity
from leitstand.rows import Rows, array
from leitstand.statements import Statement
from triage.policy import Policy
from triage.risk.model import Model
from triage.risk.signs import Deadline, Signs, assess

AT_ONCE = 200
_LATELY, _EVER = timedelta(minutes=1), timedelta(days=3650)
_HOUR = timedelta(hours=1)

_STALE = Statement("""
    SELECT c.number, c.severity, coalesce(c.author_followers, 0)
    FROM cases c LEFT JOIN case_risks r ON r.case_number = c.number
    WHERE c.state IN ('new', 'open', 'waiting') AND c.updated_at > :since AND (r.at IS NULL OR r.at < c.updated_at)
    ORDER BY c.updated_at DESC LIMIT :limit
""")
_DEADLINES = Statement("""
    SELECT case_number, name, state = 'breached', started_at, due_at FROM sla_clocks
    WHERE case_number = ANY(CAST(:numbers AS bigint[])) AND state IN ('running', 'breached') AND ended_at IS NULL
    ORDER BY due_at, name
""")
_HEARD = Statement("""
    SELECT case_number, count(*) FILTER (WHERE at > :since), count(*),
      array_agg((data->>'mood')::real ORDER BY id) FILTER (WHERE data ? 'mood')
    FROM case_events WHERE case_number = ANY(CAST(:numbers AS bigint[])) AND kind IN ('opened', 'joined')
    GROUP BY case_number
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


def refresh(
    connection: Connection, policy: Policy, now: datetime, limit: int = AT_ONCE, *, all_open: bool = True
) -> int:
    """Estimate anew the open cases that have changed since, or only those that changed lately; returns how many."""
    since = now - (_EVER if all_open else _LATELY)
    stale = _STALE.rows(connection, {"limit": limit, "since": since})
    if not stale:
        return 0
    followers = {number: count for number, _, count in stale}
    deadlines, signs = _deadlines(connection, followers), _signs(connection, followers, policy, now)
    model, high = in_use(connection), policy.triage.reach_high
    found = [(n, assess(Severity(severity), deadlines[n], signs[n], high, now, model)) for n, severity, _ in stale]
    rows = [(number, risk.score, risk.reasons) for number, risk in found]
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


def _deadlines(connection: Connection, numbers: Iterable[int]) -> dict[int, list[Deadline]]:
    """The clocks of each case that nobody has stopped."""
    found: dict[int, list[Deadline]] = {number: [] for number in numbers}
    for number, *clock in _DEADLINES.rows(connection, {"numbers": array(list(found))}):
        found[number].append(Deadline(*clock))
    return found


def _signs(connection: Connection, followers: Mapping[int, int], policy: Policy, now: datetime) -> dict[int, Signs]:
    numbers = list(followers)
    given = {"numbers": numbers, "since": now - policy.triage.repeat_window}
    earlier = {row.case_number: row.cases for row in connection.execute(EARLIER, given)}
    heard = _HEARD.rows(connection, {"numbers": array(numbers), "since": now - _HOUR})
    said = {number: (lately, posts, tuple(moods or ())) for number, lately, posts, moods in heard}
    found: dict[int, Signs] = {}
    for number, count in followers.items():
        lately, posts, moods = said.get(number, (0, 1, ()))
        found[number] = Signs(count, moods, earlier.get(number, 0), lately, posts)
    return found
