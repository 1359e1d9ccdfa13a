"""Finds the line of a key path in a TOML text, so that an error can point at it. tomllib itself keeps no positions."""

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")

KeyPath = tuple[str | int, ...]


def _parts(dotted: str) -> list[str]:
    return ["".join(groups) for groups in _PART.findall(dotted)]


def lines(source: str) -> dict[KeyPath, int]:
    """Every key path that has a line of its own, with that line (from 1)."""
    found: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(source.splitlines(), 1):
        if header := _HEADER.match(line):
            table = tuple(_parts(header[2]))
            table = _inside_arrays(table[:-1], counts) + table[-1:]
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            else:
                table = _inside_arrays(table, counts)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(table + tuple(_parts(key[1])), number)
    return found


def _inside_arrays(table: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """`[[a]]` then `[a.b]` means the last `a`: put its index into the path."""
    path: KeyPath = ()
    for part in table:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    return path


def line_of(path: KeyPath, known: dict[KeyPath, int]) -> int:
    """The line of `path`, or of the first that is in it, or of the nearest part of it that has one; 0 if none has."""
    while path:
        if path in known:
            return known[path]
        inside = [line for at, line in known.items() if at[: len(path)] == path]
        if inside:
            return min(inside)
        path = path[:-1]
    return 0
