"""Leaves out of a configuration what is wrong with it, so that what is right can be checked all the same. Pure.

What is left is not what was written: a name that went is no name that is missing, places in a list have moved, and
rules or deadlines without one of their conditions overlap where they did not.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from leitstand.errors import Problem

Loc = tuple[str | int, ...]
# Entries that are judged against each other.
TOGETHER = ("rules", "sla")


class Remainder:
    """A configuration as far as it is right. `tree` is changed in place."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self._gone: dict[Loc, list[int]] = {}
        self._names = set[str]()
        self._touched = set[Loc]()

    def leave_out(self, wrong: Iterable[tuple[Loc, bool]]) -> bool:
        """Take out each of these places of the tree as it is, the table around it where it is `missing`; whether there
        was anything.
        """
        places = {self._original(loc[:-1] if missing else loc) for loc, missing in wrong}
        taken = [self._take(loc) for loc in sorted(places, key=_last_first, reverse=True) if loc]
        return any(taken)

    def told(self, problem: Problem, path: Loc, *, of_names: bool) -> Loc | None:
        """The place in the file of what a check found in the rest; None if it may be there because of what went."""
        if any(f"named {name!r}" in problem.message for name in self._names):
            return None
        place = self._original(path)
        if not of_names and any(_concerns(place, loc) for loc in self._touched):
            return None
        return place

    def _take(self, loc: Loc) -> bool:
        *above, last = loc
        node: Any = self.tree
        for depth, part in enumerate(above):
            if isinstance(node, list) and isinstance(part, int):
                part -= sum(gone < part for gone in self._gone.get(loc[:depth], ()))
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return False
        self._touched.add(loc)
        if isinstance(node, dict) and last in node:
            self._remember(last, gone := node.pop(last))
            if last == "name" and above and isinstance(above[-1], int) and isinstance(gone, str):
                # Without it the entry went, too, and nothing else that is wrong with it would be found.
                self._names.add(gone)
                node["name"] = f"nameless-{above[-1]}"
            return True
        if isinstance(node, list) and isinstance(last, int):
            at = last - sum(gone < last for gone in self._gone.get(loc[:-1], ()))
            if at < len(node):
                self._remember("", node.pop(at))
                self._gone.setdefault(loc[:-1], []).append(last)
                return True
        return False

    def _remember(self, key: str | int, entry: object) -> None:
        if isinstance(entry, dict):
            self._names |= {str(name) for name in (key, entry.get("name")) if name}

    def _original(self, path: Loc) -> Loc:
        found: list[str | int] = []
        for part in path:
            if isinstance(part, int):
                part = _nth_left(part, self._gone.get(tuple(found), ()))
            found.append(part)
        return tuple(found)


def _concerns(place: Loc, touched: Loc) -> bool:
    """Whether what is said of a place may come of what went: it is around that, or beside it among rules."""
    return touched[: len(place)] == place or (place[0] in TOGETHER and place[0] == touched[0])


def _nth_left(index: int, gone: Sequence[int]) -> int:
    for place in sorted(gone):
        index += place <= index
    return index


def _last_first(loc: Loc) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in loc)
