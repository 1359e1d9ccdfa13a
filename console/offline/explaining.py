"""What each network is asked for a query, what is checked here, and what that costs: over-fetch and money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.offline.posts import Post, Refused
from console.offline.querying import detect
from listeners.query.document import Document
from listeners.query.evaluate import compile_test
from listeners.query.push.networks import NETWORKS, Network, passing, residual
from listeners.query.tree import Node

# What X takes for each post it hands over, in US dollars.
PRICE = 0.005
PAID = "x"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Explained:
    """One network. `asked` is None where all of it is read; `over_fetch` is how many posts come for each that matches,
    None where no post of the sample tells. `a_day` and `cost_a_day` are of what comes."""

    network: Network
    asked: tuple[str, ...] | None
    checked: tuple[str, ...]
    over_fetch: float | None
    a_day: float | None
    cost_a_day: float | None


@dataclass(slots=True)
class Sample:
    """Posts of a file counted: how many match, how many each network would hand over, and over what time."""

    matched: int
    handed: dict[str, int]
    first: datetime | None = None
    last: datetime | None = None

    @property
    def days(self) -> float:
        """The time between the first and the last post."""
        return (self.last - self.first) / _DAY if self.first and self.last else 0.0

    def spans(self, at: datetime) -> None:
        """Take in the time of one post."""
        self.first, self.last = min(self.first or at, at), max(self.last or at, at)


def sample(node: Node, lines: Iterable[Post | Refused]) -> Sample:
    """Count the posts of a file."""
    wanted = compile_test(node)
    filters = {network.name: passing(node, network.leaf) for network in NETWORKS}
    found = Sample(0, dict.fromkeys(filters, 0))
    for line in lines:
        if isinstance(line, Refused):
            continue
        document = Document(line.mention, detect)
        found.spans(line.mention.created_at)
        found.matched += wanted(document)
        for name, passes in filters.items():
            found.handed[name] += passes(document)
    return found


def explain(query: str, node: Node, seen: Sample | None, matching_a_day: float | None) -> list[Explained]:
    """Every network. `matching_a_day` is how many matching posts are expected; else the sample's own pace is taken."""
    return [_explained(query, node, network, seen, matching_a_day) for network in NETWORKS]


def _explained(
    query: str, node: Node, network: Network, seen: Sample | None, matching_a_day: float | None
) -> Explained:
    asked = network.ask(node)
    over = seen.handed[network.name] / seen.matched if seen and seen.matched and asked else None
    a_day = _a_day(network, over, seen, matching_a_day) if asked else None
    cost = a_day * PRICE if a_day is not None and network.name == PAID else None
    left = [part for part in residual(node, network.leaf) if asked is not None]
    return Explained(
        network,
        None if asked is None else tuple(asked),
        tuple(dict.fromkeys(query[part.start : part.end] for part in left)),
        over,
        a_day,
        cost,
    )


def _a_day(network: Network, over: float | None, seen: Sample | None, matching_a_day: float | None) -> float | None:
    """Posts that the network hands over a day; without a sample as many as match."""
    if matching_a_day is not None:
        return matching_a_day * (over or 1.0)
    return seen.handed[network.name] / seen.days if seen and seen.days else None
