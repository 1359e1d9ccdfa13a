"""What a post must hold, roughly, for a query to have a chance: clauses of anchors, taken from the query's tree.

A clause is a set of strings of which at least one is in the folded haystack of every post that matches. A query has
several: all of them must be satisfied. This may let posts through that do not match; it never loses one that does.
"""

from collections.abc import Sequence
from math import inf

from listeners.query.characters import is_picture, is_unspaced
from listeners.query.text import fold
from listeners.query.tree import And, Author, Exact, Near, Node, Not, Or, Site, Term, Url, Word
from listeners.query.words import Kind

# They open the sections of the haystack that only some queries look at; `fold` leaves neither in a text.
AUTHOR = "\x01"
ADDRESS = "\x02"

Clause = frozenset[str]


def clauses(node: Node, *, negated: bool = False) -> list[Clause]:
    """The clauses of a query; none where nothing can be said."""
    match node:
        case Not(child=child):
            return clauses(child, negated=not negated)
        case And(children=children) | Or(children=children):
            parts = [clauses(child, negated=negated) for child in children]
            return _all_of(parts) if isinstance(node, And) is not negated else _one_of(parts)
        case Near(left=left, right=right) if not negated:
            return _all_of([clauses(left), clauses(right)])
        case _ if not negated:
            return [frozenset({anchor}) for anchor in leaf_anchors(node) if anchor.strip()]
    return []


def _all_of(parts: list[list[Clause]]) -> list[Clause]:
    return list(dict.fromkeys(clause for part in parts for clause in part))


def _one_of(parts: list[list[Clause]]) -> list[Clause]:
    """Of each branch its most telling clause, together."""
    if not all(parts):
        return []
    return [frozenset().union(*(min(part, key=likelihood) for part in parts))]


def likelihood(clause: Clause) -> float:
    """How much of a network's posts a clause lets through, guessed from the length of its anchors."""
    return sum((4.0 ** -min(len(anchor.strip()), 12) if anchor else inf) for anchor in clause)


def leaf_anchors(node: Node) -> Sequence[str]:
    """Strings that are all in the haystack of every post with this leaf. A blank one says nothing."""
    match node:
        case Term(words=words):
            return [_word_anchor(word) for word in words]
        case Exact(words=words):
            return [_text_anchor(word) for word in words]
        case Author():
            return [_author_anchor(node)]
        case Site(host=host):
            return [_text_anchor(host)]
        case Url(part=part):
            return [fold(part).lstrip("e").strip()]
    return []


def _word_anchor(word: Word) -> str:
    if word.kind is Kind.EMOJI:
        return _picture(word.literal)
    if word.wild and not _has_unspaced(word.literal):
        return f" {fold(word.literal)}"
    return _text_anchor(word.literal)


def _text_anchor(text: str) -> str:
    """A text between word boundaries, or anywhere in a script without blanks."""
    folded = fold(text).strip()
    return folded.lstrip("e") if _has_unspaced(text) else f" {folded} "


def _has_unspaced(text: str) -> bool:
    return any(is_unspaced(char) for char in text)


def _picture(emoji: str) -> str:
    """An emoji by its first picture: skin tones come between the others."""
    return f" {emoji[0]} " if is_picture(emoji) else emoji[0].replace("#", "").replace("*", "")


def _author_anchor(node: Author) -> str:
    literal = node.pieces[0] if isinstance(node.pieces[0], str) else ""
    folded = fold(literal).rstrip()
    return f"{AUTHOR}{folded}" if len(node.pieces) > 1 else f"{AUTHOR}{folded} "
