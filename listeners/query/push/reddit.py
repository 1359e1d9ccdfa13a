"""Reddit: the search of submissions takes AND, OR, parentheses and "phrases", at most 512 characters. Whether it folds
accents is not documented, so every spelling is asked for. Comments have no search: they are all read."""

from collections.abc import Mapping

from listeners.query.push import spellings
from listeners.query.push.rendering import Syntax, fit
from listeners.query.push.text_leaves import leaf_of
from listeners.query.push.widen import NOTHING, Leaf, Whole, selects, widen
from listeners.query.tree import Node

SEARCH = Syntax(" AND ", " OR ", 512)
MOST = 24


def leaf(channel: str) -> Leaf:
    """What can be asked for one leaf."""
    return leaf_of(channel, spellings.accented)


def searches_of(node: Node, *, channel: str = "reddit") -> list[str] | None:
    """The searches for one query; None where none finds all."""
    pushed = widen(node, leaf(channel))
    if isinstance(pushed, Whole) or not selects(pushed):
        return [] if pushed is NOTHING else None
    return fit(pushed, SEARCH, MOST)


def searches(watchlists: Mapping[str, Node], *, channel: str = "reddit") -> list[str]:
    """The searches for all watchlists, each once."""
    found = (searches_of(node, channel=channel) or [] for node in watchlists.values())
    return list(dict.fromkeys(search for several in found for search in several))


def unheard(watchlists: Mapping[str, Node], *, channel: str = "reddit") -> dict[str, str]:
    """The watchlists that need all new submissions read, each with the reason in a sentence."""
    return {
        name: "no search finds all of it; all new submissions have to be read"
        for name, node in watchlists.items()
        if searches_of(node, channel=channel) is None
    }
