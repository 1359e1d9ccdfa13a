"""Which test proves which point of the contract for which kind of source: the one table.

What is not listed is proved by tests/listeners/sources/test_contract.py on the kind's world. `At` names a test that
proves it already, in tests/listeners unless its path says otherwise; `Never` says why it cannot be for this kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Point(StrEnum):
    """What every source must do."""

    ORDER = "newest-first and oldest-first pages"
    EQUAL = "equal time stamps"
    LATE = "late and undated items"
    MANY = "1,000 posts between two polls"
    BAD_ROW = "one bad row among good ones"
    TRICKLE = "a trickling server beside a healthy one"
    EDIT = "an edit"
    DELETE = "a delete"
    DISCONNECTS = "1,000 posts through ten random disconnects, none lost, none doubled"
    KILLED = "resumes after kill -9"
    LIMIT = "obeys the rate limit"
    CREDENTIAL = "reports a bad credential once, in words, without a retry storm"
    GARBAGE = "survives garbage"


@dataclass(frozen=True)
class At:
    """Tests that stand already: "file::name", several with spaces between."""

    tests: str


@dataclass(frozen=True)
class Never:
    """Why this cannot be."""

    why: str


@dataclass(frozen=True)
class Here:
    """By the contract test."""


Proof = At | Never | Here

STREAMS: Final = ("bluesky", "mastodon", "x")  # what a server of these sends may trickle after it has answered

_KILLS: Final = At("end_to_end/test_sources.py::test_kill_9_of_the_listeners_loses_and_doubles_nothing")
_OWN_WAYS: Final = Never("nothing is asked of anybody: what comes in is proved by the tests of the API")
_FILE: Final = Never("a file is no network: it is read from its start to its end, as fast as wanted")

TABLE: Final[Mapping[str, Mapping[Point, Proof]]] = {
    "api": dict.fromkeys(Point, _OWN_WAYS),
    "file": dict.fromkeys(Point, _FILE)
    | {
        Point.BAD_ROW: At("sources/test_file.py::test_one_bad_line_is_reported_and_the_others_go_on"),
        Point.KILLED: At("sources/test_file.py::test_it_goes_on_from_its_cursor"),
        Point.GARBAGE: At("sources/test_file.py::test_the_offsets_lead_back_to_the_lines"),
    },
}


def proof(kind: str, point: Point) -> Proof:
    """What the table says."""
    return TABLE.get(kind, {}).get(point, Here())
