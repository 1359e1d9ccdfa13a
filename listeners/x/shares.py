"""What the stream is asked for, and for which watchlist: one that has used up its share is left out until midnight.

A rule or a search that serves several watchlists stays as long as one of them is listened for.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from listeners.budget import SHARE, next_day
from listeners.contract import Batch
from listeners.x.spending import OVER, Spending

NOT_FETCHED = "its share of the day's budget was used up; what was said meanwhile is not fetched"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rules by their tag, and searches. `serves` are the watchlists that each is for, by tag and by search."""

    rules: Mapping[str, str]
    searches: Sequence[str] = ()
    serves: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def without(self, over: Collection[str]) -> "Wanted":
        """What is left to be asked for if these watchlists are not listened for."""
        rules = {tag: value for tag, value in self.rules.items() if not self._only(tag, over)}
        return replace(self, rules=rules, searches=[query for query in self.searches if not self._only(query, over)])

    def watchlists(self, tags: Collection[str]) -> frozenset[str]:
        """The watchlists for which a post was read that matched rules with these tags."""
        return frozenset().union(*(self.serves.get(tag, frozenset()) for tag in tags))

    def _only(self, name: str, over: Collection[str]) -> bool:
        served = self.serves.get(name, frozenset())
        return bool(served) and served <= frozenset(over)


def told(spending: Spending, over: Collection[str], now: datetime) -> Iterator[Batch]:
    """How each watchlist with a share is: a gap while it is left out, its end when it is listened for again."""
    for name in spending.shares:
        error, lost = (OVER, "") if name in over else ("", NOT_FETCHED)
        yield Batch((), None, SHARE + name, error, lost=lost, next_at=next_day(now))
