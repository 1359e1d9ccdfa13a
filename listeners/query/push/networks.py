"""Which network can be asked what: one entry each, for `leitstand query explain`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from listeners.query.document import Document
from listeners.query.evaluate import Test, compile_test
from listeners.query.push import hackernews, mastodon, reddit, spellings, x, youtube
from listeners.query.push.widen import EVERYTHING, NOTHING, Leaf, Pushed, widen
from listeners.query.push.x_leaves import leaf_of
from listeners.query.tree import And, Near, Node, Not, Or


@dataclass(frozen=True, slots=True)
class Network:
    """`ask` gives the native queries for one watchlist: None where all of the network is read, none where no post of it
    can match."""

    name: str
    what: tuple[str, str]
    everything: str
    ask: Callable[[Node], list[str] | None]
    leaf: Leaf


def _all_of_it(node: Node, negated: bool) -> Pushed:
    return EVERYTHING


def _none(node: Node) -> None:
    return None


_NO_FILTER = "there is no filter for it: say what must be there"
_NO_NATIVE = ("", "")

NETWORKS = (
    Network("x", ("stream rule", "stream rules"), _NO_FILTER, x.rules_of, leaf_of("x", spellings.accented)),
    Network("x-search", ("search", "searches"), _NO_FILTER, x.searches_of, leaf_of("x", spellings.folded)),
    Network(
        "mastodon",
        ("hashtag is followed", "hashtags are followed"),
        "the public stream is read",
        mastodon.hashtags_of,
        mastodon.leaf("mastodon"),
    ),
    Network("bluesky", _NO_NATIVE, "all of Jetstream is read", _none, _all_of_it),
    Network(
        "hackernews",
        ("search", "searches"),
        "every new item is read",
        hackernews.searches_of,
        hackernews.leaf("hackernews"),
    ),
    Network(
        "reddit",
        ("search of submissions", "searches of submissions"),
        "all that is new is read",
        reddit.searches_of,
        reddit.leaf("reddit"),
    ),
    Network(
        "youtube",
        ("video search", "video searches"),
        "the named channels and videos are read",
        youtube.searches_of,
        youtube.leaf("youtube"),
    ),
    Network("others", _NO_NATIVE, "feeds, mail and hooks are read whole", _none, _all_of_it),
)


def residual(node: Node, leaf: Leaf, *, negated: bool = False) -> list[Node]:
    """The parts of a query that the network is not asked for, or only roughly. One part that cannot be asked keeps the
    OR it stands in from being asked."""
    match node:
        case Not(child=child):
            return residual(child, leaf, negated=not negated)
        case And(children=children) | Or(children=children):
            if isinstance(node, Or) is not negated and widen(node, leaf, negated=negated) is EVERYTHING:
                return [node]
            return [part for child in children for part in residual(child, leaf, negated=negated)]
        case Near():
            return [node]
    return [node] if leaf(node, negated) is EVERYTHING else []


def passing(node: Node, leaf: Leaf, *, negated: bool = False) -> Test:
    """Whether a post would come through the network's filter: what is asked of it, answered by our own matching."""
    match node:
        case Not(child=child):
            return passing(child, leaf, negated=not negated)
        case And(children=children) | Or(children=children):
            tests = [passing(child, leaf, negated=negated) for child in children]
            every = isinstance(node, And) is not negated
            return partial(_every if every else _some, tests)
        case Near(left=left, right=right) if not negated:
            return partial(_every, [passing(left, leaf), passing(right, leaf)])
        case Near():
            return lambda document: True
    asked = leaf(node, negated)
    if asked is EVERYTHING or asked is NOTHING:
        return lambda document: asked is EVERYTHING
    test = compile_test(node)
    return lambda document: test(document) is not negated


def _every(tests: list[Test], document: Document) -> bool:
    return all(test(document) for test in tests)


def _some(tests: list[Test], document: Document) -> bool:
    return any(test(document) for test in tests)
