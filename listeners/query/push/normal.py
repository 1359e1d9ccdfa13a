"""A formula in the forms of searches that know no parentheses: several lists of conditions, or one list of choices."""

from listeners.query.push.widen import Any, Asked, Atom, Pushed, Whole, selects, width


def branches(pushed: Pushed, most: int) -> list[tuple[str, ...]] | None:
    """Conditions to ask for together, in at most so many searches that find each post between them; None where
    that cannot be. What would take too many searches is narrowed down by fewer conditions."""
    if isinstance(pushed, Whole) or not selects(pushed):
        return None if not isinstance(pushed, Whole) or pushed is Whole.EVERYTHING else []
    found = _branches(pushed, most)
    return list(dict.fromkeys(found)) if len(found) <= most else None


def _branches(asked: Asked, most: int) -> list[tuple[str, ...]]:
    if isinstance(asked, Atom):
        return [(asked.text,)]
    if isinstance(asked, Any):
        return [branch for part in asked.parts for branch in _branches(part, most)]
    selecting = sorted((part for part in asked.parts if selects(part)), key=width)
    found: list[tuple[str, ...]] = _branches(selecting[0], most)
    for part in (part for part in asked.parts if part is not selecting[0]):
        more = _branches(part, most) if selects(part) else []
        if more and len(found) * len(more) <= most:
            found = [(*one, *other) for one in found for other in more]
    return found


def choices(pushed: Pushed) -> list[str] | None:
    """Conditions of which each matching post satisfies at least one; None where there is no such list."""
    if isinstance(pushed, Whole):
        return None if pushed is Whole.EVERYTHING else []
    return list(dict.fromkeys(_choices(pushed))) if selects(pushed) else None


def _choices(asked: Asked) -> list[str]:
    if isinstance(asked, Atom):
        return [asked.text]
    if isinstance(asked, Any):
        return [choice for part in asked.parts for choice in _choices(part)]
    return _choices(min((part for part in asked.parts if selects(part)), key=width))
