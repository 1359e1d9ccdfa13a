"""A query's whole tree asked of the folded haystack: the last sieve before a post is split into words.

Like the clauses it may let posts through that do not match, and never loses one that does: what it cannot tell it takes
for true. It sees phrases, of which a clause knows one word only.
"""

import re
from collections.abc import Callable, Sequence

from listeners.query.anchors import leaf_anchors
from listeners.query.text import fold
from listeners.query.tree import And, Near, Node, Not, Or, Term, Word
from listeners.query.words import Kind

Sieve = Callable[[str], bool]

# Between two words stand blanks; after a handle also its server, which counts as part of it.
_GAP = " +(?:bsky social +|@ [^@]*?)?(?<= )"
_PHRASED = frozenset({Kind.WORD, Kind.TAG, Kind.CASH, Kind.MENTION})


def sieve(node: Node, *, negated: bool = False) -> Sieve | None:
    """A function that says whether a haystack may be of a matching post; None where nothing can be said."""
    match node:
        case Not(child=child):
            return sieve(child, negated=not negated)
        case And(children=children) | Or(children=children):
            parts = [sieve(child, negated=negated) for child in children]
            return _all_of(parts) if isinstance(node, And) is not negated else _one_of(parts)
        case Near(left=left, right=right) if not negated:
            return _all_of([sieve(left), sieve(right)])
        case Term(words=words) if not negated and _is_plain_phrase(words):
            return _phrase(words)
        case _ if not negated:
            return _anchored([anchor for anchor in leaf_anchors(node) if anchor.strip()])
    return None


def _all_of(parts: Sequence[Sieve | None]) -> Sieve | None:
    known = [part for part in parts if part]
    if len(known) < 2:
        return known[0] if known else None

    def test(haystack: str) -> bool:
        for part in known:  # noqa: SIM110  a generator costs more than the loop
            if not part(haystack):
                return False
        return True

    return test


def _one_of(parts: Sequence[Sieve | None]) -> Sieve | None:
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None

    def test(haystack: str) -> bool:
        for part in known:  # noqa: SIM110
            if part(haystack):
                return True
        return False

    return test


def _anchored(anchors: list[str]) -> Sieve | None:
    return _all_of([_holding(anchor) for anchor in anchors])


def _holding(anchor: str) -> Sieve:
    return lambda haystack: anchor in haystack


def _is_plain_phrase(words: tuple[Word, ...]) -> bool:
    """Whether each word is one run of the haystack; of one with a wildcard only the beginning surely is."""
    return len(words) > 1 and all(word.kind in _PHRASED for word in words) and not any(word.wild for word in words[:-1])


def _phrase(words: tuple[Word, ...]) -> Sieve:
    parts = [re.escape(fold(word.literal).strip()) for word in words]
    search = re.compile(f" {_GAP.join(parts)}{'' if words[-1].wild else ' '}").search
    return lambda haystack: search(haystack) is not None
