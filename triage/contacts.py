"""What rules may ask beyond the post itself: its author's earlier cases, and how many there were within a while."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import MatchedMention
from triage import counting
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
    """By mention id, what rules may ask: its author's earlier cases, and what is to be counted."""
    known = _earlier(connection, items, policy, now) if policy.asks_for_history else {}
    if not policy.counters:
        return known
    batch = sorted(((item, _alike(item, policy)) for item, _ in items if not item.own), key=_written)
    counts = counting.of_batch(connection, policy.counters, [(item.id, alike) for item, alike in batch], now)
    return {number: replace(known.get(number, Facts()), counts=found) for number, found in counts.items()}


def _written(pair: tuple[MatchedMention, counting.Alike]) -> tuple[datetime, int]:
    return pair[0].mention.created_at, pair[0].id


def _alike(item: MatchedMention, policy: Policy) -> counting.Alike:
    author = item.mention.author
    return counting.Alike(
        item.watchlists, item.mention.channel, author.id, author.handle, policy.team(item.watchlists)
    )  # fmt: skip


def _earlier(connection: Connection, items: Sequence[Item], policy: Policy, now: datetime) -> dict[int, Facts]:
    """By mention id, how many cases its author had within `triage.repeat_window`, on any watchlist of the mention."""
    wanted = {item.id: author_keys(item.mention, item.watchlists) for item, _ in items if not item.own}
    keys = sorted({key for several in wanted.values() for key in several})
    since = now - policy.triage.repeat_window
    found = {row.key: row.numbers for row in connection.execute(_EARLIER, {"keys": keys, "since": since})}
    return {
        number: Facts(cases=len({case for key in several for case in found.get(key, ())}))
        for number, several in wanted.items()
    }
