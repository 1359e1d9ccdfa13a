"""What a network no longer shows is gone if it is not there twice in a row: one empty answer may be a hiccup. Pure."""

from collections.abc import Collection, Iterable
from typing import NamedTuple


class Absent(NamedTuple):
    """What was not there: `gone` for the second time, `doubtful` for the first."""

    gone: set[str]
    doubtful: set[str]


def absent(asked: Iterable[str], there: Collection[str], doubtful: Collection[str]) -> Absent:
    """Of what was asked for, what is not there; `doubtful` was not there the last time."""
    missing = set(asked).difference(there)
    gone = missing.intersection(doubtful)
    return Absent(gone, missing - gone)
