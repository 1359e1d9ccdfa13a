"""How often an author had to turn to us before: their earlier cases, counted for the rules that ask."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from triage.decide import Item
from triage.grouping import author_keys
from triage.policy import Policy
from triage.rules import Facts

# Every case keeps its keys, held or let go: those of authors tell who had which.
_EARLIER = text("""
    SELECT k.key, array_agg(DISTINCT k.case_number) AS numbers
    FROM (SELECT key, case_number FROM case_keys WHERE held AND key = ANY(:keys)
          UNION ALL SELECT key, case_number FROM case_keys WHERE NOT held AND key = ANY(:keys)) AS k
    JOIN cases c ON c.number = k.case_number WHERE c.posted_at >= :since GROUP BY k.key
""")


def facts(connection: Connection, items: Sequence[Item], policy: Policy, now: datetime) -> dict[int, Facts]:
    """By mention id, how many cases its author had within `triage.repeat_window`, on any watchlist of the mention."""
    if not policy.asks_for_history:
        return {}
    wanted = {item.id: author_keys(item.mention, item.watchlists) for item, _ in items if not item.own}
    keys = sorted({key for several in wanted.values() for key in several})
    since = now - policy.triage.repeat_window
    found = {row.key: row.numbers for row in connection.execute(_EARLIER, {"keys": keys, "since": since})}
    return {
        number: Facts(cases=len({case for key in several for case in found.get(key, ())}))
        for number, several in wanted.items()
    }
