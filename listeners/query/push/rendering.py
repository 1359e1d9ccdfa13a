"""A formula written in a network's query syntax, and cut into several queries where one would be too long."""

from dataclasses import dataclass

from listeners.query.push.widen import EVERYTHING, All, Any, Asked, Atom, Pushed, Whole, all_of, any_of, selects, width


@dataclass(frozen=True, slots=True)
class Syntax:
    """What stands between the parts, and how long a query may be."""

    both: str
    either: str
    limit: int


class TooManyError(Exception):
    """More queries would be needed than are allowed."""


def render(asked: Asked, syntax: Syntax) -> str:
    """The formula in one query."""
    if isinstance(asked, Atom):
        return asked.text
    return (syntax.both if isinstance(asked, All) else syntax.either).join(_nested(p, syntax) for p in asked.parts)


def _nested(part: Asked, syntax: Syntax) -> str:
    return part.text if isinstance(part, Atom) else f"({render(part, syntax)})"


def cut(asked: Asked, syntax: Syntax, most: int) -> list[str]:
    """Queries within the limit of which each matching post satisfies at least one. Raises TooManyError."""
    if len(whole := render(asked, syntax)) <= syntax.limit:
        return [whole]
    found: list[str] = []
    for half in _halves(asked, syntax):
        found += cut(half, syntax, most - len(found))
        if len(found) > most:
            raise TooManyError
    return found


def _halves(asked: Asked, syntax: Syntax) -> tuple[Asked, Asked]:
    """Two formulas that together say the same. Raises TooManyError where there is nothing to halve."""
    if isinstance(asked, Any):
        middle = len(asked.parts) // 2
        return _known(any_of(asked.parts[:middle])), _known(any_of(asked.parts[middle:]))
    groups = [part for part in asked.parts if isinstance(part, Any)] if isinstance(asked, All) else []
    if not isinstance(asked, All) or not groups:
        raise TooManyError
    longest = max(groups, key=lambda part: len(render(part, syntax)))
    one, other = _halves(longest, syntax)
    rest = [part for part in asked.parts if part is not longest]
    return _known(all_of([*rest, one])), _known(all_of([*rest, other]))


def _known(pushed: Pushed) -> Asked:
    if isinstance(pushed, Whole):
        raise TypeError(pushed)
    return pushed


def fit_exactly(asked: Asked, syntax: Syntax, most: int) -> list[str] | None:
    """Like `cut`; None where it is too many."""
    try:
        return cut(asked, syntax, most)
    except TooManyError:
        return None


def fit(asked: Asked, syntax: Syntax, most: int) -> list[str] | None:
    """Like `cut`, but asks for more than it must rather than for too many queries. None where even that fails."""
    wider: Asked | None = asked
    while wider is not None:
        if (found := fit_exactly(wider, syntax, most)) is not None:
            return found
        wider = loosen(wider)
    return None


def loosen(asked: Asked) -> Asked | None:
    """Without the condition that keeps out least, of those that can be spared; None where none can."""
    if isinstance(asked, Atom):
        return None
    for part in sorted(asked.parts, key=width, reverse=True):
        rest = [other for other in asked.parts if other is not part]
        if isinstance(asked, All) and (spared := all_of(rest)) is not EVERYTHING and selects(spared):
            return _known(spared)
        if (looser := loosen(part)) is not None:
            joined = all_of([*rest, looser]) if isinstance(asked, All) else any_of([*rest, looser])
            return _known(joined)
    return None
