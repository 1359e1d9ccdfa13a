"""Which metrics and labels a PromQL query uses: enough of its grammar to find a name that does not exist."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitoring.definitions import Definition
from monitoring.gauges import GAUGES
from monitoring.metrics import COUNTED
from monitoring.slots import BROKEN_FILES, ROLE_PROCESSES

ROWS: tuple[Definition, ...] = (*COUNTED, *GAUGES, BROKEN_FILES, ROLE_PROCESSES)
FROM_PROMETHEUS = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}

_SELECTOR = re.compile(r"(?<![\w$.])(?P<name>leitstand_\w+|up\b)(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER = re.compile(r'\s*(\w+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric in a query, with its label matchers."""

    name: str
    matchers: Mapping[str, str]


def selectors(query: str) -> Iterator[Selector]:
    for found in _SELECTOR.finditer(query):
        yield Selector(found["name"], dict(_MATCHER.findall(found["matchers"] or "")))


def known_labels() -> dict[str, set[str]]:
    """The labels of each name that can be queried."""
    names = {name: set(row.labels) | {"job", "instance"} for row in ROWS for name in row.sample_names}
    for name in names:
        if name.endswith("_bucket"):
            names[name] |= {"le"}
    return names | FROM_PROMETHEUS


def problems(query: str) -> list[str]:
    """Every metric or label of the query that Leitstand does not have."""
    known, found, usable = known_labels(), [], set[str]()
    for selector in selectors(query):
        if selector.name not in known:
            found.append(f"no metric {selector.name}")
            continue
        usable |= known[selector.name]
        found += [f"{selector.name} has no {label}" for label in selector.matchers if label not in known[selector.name]]
    for group in _GROUPING.findall(query):
        found += [
            f"nothing has {label}" for name in group.split(",") if (label := name.strip()) and label not in usable
        ]
    return found if usable or found else ["no metric at all"]
