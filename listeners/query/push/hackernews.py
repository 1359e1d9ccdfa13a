"""Hacker News: Algolia's search takes words and "phrases", all of which must be there, and folds accents.

One search for each branch of a query. Ask with `advancedSyntax=true&typoTolerance=false`."""

from collections.abc import Mapping

from listeners.query.push import spellings
from listeners.query.push.normal import branches
from listeners.query.push.text_leaves import leaf_of
from listeners.query.push.widen import Leaf, widen
from listeners.query.tree import Node

MOST = 24


def leaf(channel: str) -> Leaf:
    """What can be asked for one leaf."""
    return leaf_of(channel, spellings.folded)


def searches_of(node: Node, *, channel: str = "hackernews") -> list[str] | None:
    """The searches for one query; None where none finds all."""
    found = branches(widen(node, leaf(channel)), MOST)
    return None if found is None else [" ".join(words) for words in found]


def searches(watchlists: Mapping[str, Node], *, channel: str = "hackernews") -> list[str]:
    """The searches for all watchlists, each once."""
    found = (searches_of(node, channel=channel) or [] for node in watchlists.values())
    return list(dict.fromkeys(search for several in found for search in several))


def unheard(watchlists: Mapping[str, Node], *, channel: str = "hackernews") -> dict[str, str]:
    """The watchlists that need every new item read, each with the reason in a sentence."""
    return {
        name: "no search finds all of it; every new item has to be read"
        for name, node in watchlists.items()
        if searches_of(node, channel=channel) is None
    }
