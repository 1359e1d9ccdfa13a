"""Watchlists that find the same posts: the smaller of two tells nothing that the larger does not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from listeners.query.implies import implies
from listeners.query.tree import Node

# Each is compared with each; of more than so many only neighbours would be worth the time.
MOST = 300


@dataclass(frozen=True, slots=True)
class Overlap:
    """Every post of `inner` is also one of `outer`; if `same`, the other way round too."""

    inner: str
    outer: str
    same: bool


def overlaps(watchlists: Mapping[str, Node]) -> Iterator[Overlap]:
    """The pairs that surely overlap, in the order given."""
    for (name, node), (other_name, other) in combinations(list(watchlists.items())[:MOST], 2):
        into, back = implies(node, other), implies(other, node)
        if into or back:
            inner, outer = (name, other_name) if into else (other_name, name)
            yield Overlap(inner, outer, into and back)
