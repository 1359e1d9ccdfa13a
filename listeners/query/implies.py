"""What follows from the trees alone: that every post of one query is also one of another, or that none can be of both.

Both answers are careful: False means "not that we know".
"""

from dataclasses import fields, is_dataclass

from listeners.query.patterns import is_accented
from listeners.query.tree import (
    And,
    Author,
    Channel,
    Exact,
    Followers,
    Is,
    Language,
    Near,
    Node,
    Not,
    Or,
    Site,
    Term,
    Wildcard,
    Word,
)  # fmt: skip
from listeners.query.words import Kind, local_part


def same(one: Node, other: Node) -> bool:
    """Whether two trees are the same, wherever they are written."""
    return _bare(one) == _bare(other)


def _bare(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        kept = (field.name for field in fields(value) if field.name not in ("start", "end", "quoted"))
        return (type(value).__name__, *(_bare(getattr(value, name)) for name in kept))
    return tuple(map(_bare, value)) if isinstance(value, tuple) else value


def implies(one: Node, other: Node) -> bool:
    """Whether every post that matches `one` surely matches `other`."""
    if isinstance(one, Or):
        return all(implies(child, other) for child in one.children)
    if isinstance(other, And):
        return all(implies(one, child) for child in other.children)
    if same(one, other):
        return True
    if isinstance(other, Or) and any(implies(one, child) for child in other.children):
        return True
    if isinstance(one, And) and any(implies(child, other) for child in one.children):
        return True
    if isinstance(one, Not) and isinstance(other, Not):
        return implies(other.child, one.child)
    return _leaf_implies(one, other)


def _leaf_implies(one: Node, other: Node) -> bool:
    match one, other:
        case Near(), Near() if same(one.left, other.left) and same(one.right, other.right):
            return one.distance <= other.distance and (one.ordered or not other.ordered)
        case Near(left=left, right=right), Term() | Exact():
            return implies(left, other) or implies(right, other)
        case Term(words=words), Term(words=(asked,)):
            return any(_word_implies(word, asked) for word in words)
        case Exact(words=(word,)), Term(words=(Word(kind=Kind.WORD) as asked,)):
            return not asked.wild and word.casefold() == asked.literal.casefold()
        case Language(codes=some), Language(codes=all_of_them):
            return set(some) <= set(all_of_them)
        case Channel(names=some), Channel(names=all_of_them):
            return set(some) <= set(all_of_them)
        case Followers(), Followers():
            return one.low >= other.low and (other.high is None or (one.high is not None and one.high <= other.high))
        case Site(host=host), Site(host=asked_host):
            return host.endswith("." + asked_host)
    return False


def _word_implies(word: Word, asked: Word) -> bool:
    """`#acme` is also acme, and acmecloud is also acme*."""
    if asked.kind is not word.kind and (asked.kind is not Kind.WORD or word.kind not in (Kind.TAG, Kind.MENTION)):
        return False
    literal, asked_literal = word.literal.casefold(), asked.literal.casefold()
    if not asked.wild:
        return not word.wild and literal == asked_literal
    if asked.pieces[1:] != (Wildcard.ANY,) or (is_accented(asked.pieces) and not is_accented(word.pieces)):
        return False
    return literal.startswith(asked_literal) and word.kind is not Kind.MENTION


def exclude(one: Node, other: Node) -> bool:
    """Whether surely no post matches both."""
    match one, other:
        case Language(codes=some), Language(codes=others):
            return not set(some) & set(others)
        case Channel(names=some), Channel(names=others):
            return not set(some) & set(others)
        case Followers(), Followers():
            low = max(one.low, other.low)
            return any(high is not None and high < low for high in (one.high, other.high))
        case Is(kind=kind), Is(kind=other_kind):
            return kind != other_kind and "question" not in (kind, other_kind)
        case Site(host=host), Site(host=other_host):
            return (
                host != other_host
                and not f".{host}".endswith(f".{other_host}")
                and not f".{other_host}".endswith(f".{host}")
            )
        case Author(pieces=(str() as handle,)), Author(pieces=(str() as other_handle,)):
            return local_part(handle).casefold() != local_part(other_handle).casefold()
        case Not(child=child), _:
            return implies(other, child)
        case _, Not(child=child):
            return implies(one, child)
    return False
