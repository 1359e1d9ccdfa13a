"""From a query's tree to what a network can be asked: a formula over native atoms that no matching post fails.

Each network says for one leaf what it can ask (`Leaf`); this module carries that through AND, OR and NOT. What a
network cannot ask is EVERYTHING (it restricts nothing), what cannot be on it is NOTHING. A negation reaches the leaves,
where only a network's exact atoms may answer it: a wider atom negated would lose posts.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from enum import Enum

from listeners.query.tree import And, Near, Node, Not, Or


class Whole(Enum):
    """All posts of a network, or none."""

    EVERYTHING = "everything"
    NOTHING = "nothing"


EVERYTHING, NOTHING = Whole.EVERYTHING, Whole.NOTHING


@dataclass(frozen=True, slots=True)
class Atom:
    """One native condition as written for the network; `selects` says that it may stand alone."""

    text: str
    selects: bool = True


@dataclass(frozen=True, slots=True)
class All:
    """All of these; at least two."""

    parts: tuple["Asked", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these; at least two."""

    parts: tuple["Asked", ...]


Asked = Atom | All | Any
Pushed = Asked | Whole
# What a network can ask for a leaf, or, `negated`, for all posts without it.
Leaf = Callable[[Node, bool], Pushed]


def widen(node: Node, leaf: Leaf, *, negated: bool = False) -> Pushed:
    """The narrowest formula that every post matching `node` satisfies, as far as `leaf` knows."""
    match node:
        case Not(child=child):
            return widen(child, leaf, negated=not negated)
        case And(children=children) | Or(children=children):
            parts = [widen(child, leaf, negated=negated) for child in children]
            return all_of(parts) if isinstance(node, And) is not negated else any_of(parts)
        case Near(left=left, right=right):
            return EVERYTHING if negated else all_of([widen(left, leaf), widen(right, leaf)])
        case _:
            return leaf(node, negated)


def all_of(parts: Iterable[Pushed]) -> Pushed:
    """All of these, in the fewest words."""
    kept: dict[Asked, None] = {}
    for part in parts:
        if part is NOTHING:
            return NOTHING
        for one in part.parts if isinstance(part, All) else (part,):
            if not isinstance(one, Whole):
                kept[one] = None
    return _joined(All, tuple(kept), EVERYTHING)


def any_of(parts: Iterable[Pushed]) -> Pushed:
    """At least one of these, in the fewest words."""
    kept: dict[Asked, None] = {}
    for part in parts:
        if part is EVERYTHING:
            return EVERYTHING
        for one in part.parts if isinstance(part, Any) else (part,):
            if not isinstance(one, Whole):
                kept[one] = None
    return _joined(Any, tuple(one for one in kept if not _is_within(one, kept)), NOTHING)


def _is_within(one: Asked, others: Container[Asked]) -> bool:
    """Whether a branch adds nothing, since one of its conditions alone is a choice of others."""
    if not isinstance(one, All):
        return False
    return any(
        all(choice in others for choice in (part.parts if isinstance(part, Any) else (part,))) for part in one.parts
    )


def _joined(kind: type[All] | type[Any], parts: tuple[Asked, ...], empty: Whole) -> Pushed:
    return empty if not parts else parts[0] if len(parts) == 1 else kind(parts)


def selects(pushed: Pushed) -> bool:
    """Whether a network may be asked this: some part that must hold may stand alone."""
    match pushed:
        case Atom():
            return pushed.selects
        case All(parts=parts):
            return any(map(selects, parts))
        case Any(parts=parts):
            return all(map(selects, parts))
    return pushed is NOTHING


def width(asked: Asked) -> float:
    """How much of a network's posts a formula lets through, guessed from the length of its words."""
    if isinstance(asked, Atom):
        return 4.0 ** -min(len(asked.text), 12)
    widths = [width(part) for part in asked.parts]
    return sum(widths) if isinstance(asked, Any) else min(widths)
