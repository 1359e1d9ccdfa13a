"""YouTube: the search for videos takes words and "phrases" with | between choices, and knows no parentheses: of a query
the narrowest list of choices is asked for. Comments are not searched but read from the videos that are followed."""

from collections.abc import Mapping

from listeners.query.push import spellings
from listeners.query.push.normal import choices
from listeners.query.push.text_leaves import leaf_of
from listeners.query.push.widen import Leaf, widen
from listeners.query.tree import Node

LIMIT = 500


def leaf(channel: str) -> Leaf:
    """What can be asked for one leaf."""
    return leaf_of(channel, spellings.folded)


def searches_of(node: Node, *, channel: str = "youtube") -> list[str] | None:
    """The searches for one query; None where none finds all."""
    found = choices(widen(node, leaf(channel)))
    return None if found is None else _packed(found)


def _packed(found: list[str]) -> list[str]:
    """As many choices to a search as fit: each search is one of a hundred a day."""
    packed: list[str] = []
    for choice in found:
        if packed and len(packed[-1]) + 1 + len(choice) <= LIMIT:
            packed[-1] += f"|{choice}"
        else:
            packed.append(choice)
    return packed


def searches(watchlists: Mapping[str, Node], *, channel: str = "youtube") -> list[str]:
    """The searches for all watchlists, their choices together."""
    found = [choices(widen(node, leaf(channel))) or [] for node in watchlists.values()]
    return _packed(list(dict.fromkeys(choice for several in found for choice in several)))


def unheard(watchlists: Mapping[str, Node], *, channel: str = "youtube") -> dict[str, str]:
    """The watchlists that no search finds, each with the reason in a sentence."""
    return {
        name: "no search finds all of it; name the channels or videos to follow"
        for name, node in watchlists.items()
        if searches_of(node, channel=channel) is None
    }
