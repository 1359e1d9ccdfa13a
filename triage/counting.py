"""How many posts or cases there were within a while, for the rules and steps that ask "more than so many".

Posts are those that belong to cases, by when they joined; cases by when they were opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, TextClause, text

from leitstand.settings import Counter

_SAME = {
    "watchlist": "c.watchlists && CAST(:watchlists AS text[])",
    "channel": "c.channel = :channel",
    "author": "c.channel = :channel AND (c.author_id, lower(c.author_handle)) = (:author_id, lower(:handle))",
    "team": "c.team = :team",
}
_FROM = {
    "posts": "case_mentions m JOIN cases c ON c.number = m.case_number WHERE m.joined_at > :since",
    "cases": "cases c WHERE c.opened_at > :since AND c.merged_into IS NULL",
}
_QUERIES: Mapping[tuple[str, str], TextClause] = {
    (of, per): text(f"SELECT count(*) FROM {source} AND {same}")  # noqa: S608  our own words
    for of, source in _FROM.items()
    for per, same in _SAME.items()
}


@dataclass(frozen=True, slots=True)
class Alike:
    """What posts and cases can have in common."""

    watchlists: tuple[str, ...]
    channel: str
    author_id: str
    handle: str
    team: str

    def shares(self, other: "Alike", per: str) -> bool:
        """Whether the other has it in common with this one."""
        match per:
            case "watchlist":
                return not set(self.watchlists).isdisjoint(other.watchlists)
            case "channel":
                return self.channel == other.channel
            case "team":
                return self.team == other.team
            case _:
                mine, theirs = (self.author_id, self.handle.casefold()), (other.author_id, other.handle.casefold())
                return self.channel == other.channel and mine == theirs


def counted(connection: Connection, counter: Counter, alike: Alike, now: datetime) -> int:
    """How many there were within the while until now."""
    given = {
        "watchlists": list(alike.watchlists), "channel": alike.channel, "author_id": alike.author_id,
        "handle": alike.handle, "team": alike.team, "since": now - counter.within,
    }  # fmt: skip
    found: int = connection.execute(_QUERIES[counter.of, counter.per], given).scalar_one()
    return found


def of_batch(
    connection: Connection, counters: Iterable[Counter], batch: Sequence[tuple[int, Alike]], now: datetime
) -> dict[int, tuple[tuple[str, int], ...]]:
    """By mention id, the counts as of that post: what is stored, those before it in its batch, and itself."""
    found: dict[int, list[tuple[str, int]]] = {number: [] for number, _ in batch}
    for counter in counters:
        known: dict[Alike, int] = {}
        for place, (number, alike) in enumerate(batch):
            if alike not in known:
                known[alike] = counted(connection, counter, alike, now)
            before = sum(alike.shares(other, counter.per) for _, other in batch[:place])
            found[number].append((counter.key, known[alike] + before + 1))
    return {number: tuple(counts) for number, counts in found.items()}
