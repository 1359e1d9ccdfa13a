"""Which deadlines apply to a case: the `[[sla]]` entries as compiled, and the choice between them. Pure.

Each list of an entry narrows it; the entry with the most lists that fits a case applies. Two that fit the same case
with as many lists are a tie, unless an entry with more lists decides every such case: `ties` finds them. It treats an
entry as a box (a set of values for each trait) and cuts the boxes of the more specific entries out of the overlap.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import msgspec

from leitstand.model import ClockName, Severity
from leitstand.settings import Sla, parse_duration, show_duration

OPENING_CLOCKS = (ClockName.ACKNOWLEDGE, ClockName.FIRST_RESPONSE, ClockName.RESOLUTION)
WARN_AT, REMIND_AT = (0.5, 0.75, 0.9), (1.5, 2.0)
_OTHER = ""  # stands for every value of a trait that no entry names

Box = tuple[frozenset[str], ...]


class Traits(NamedTuple):
    """What the choice of deadlines looks at. `watchlist` is the case's first."""

    channel: str = _OTHER
    kind: str = _OTHER
    severity: str = _OTHER
    language: str = _OTHER
    watchlist: str = _OTHER
    tier: str = _OTHER


@dataclass(frozen=True, slots=True)
class Agreement:
    """One `[[sla]]` entry as it applies. `version` changes with its content, and is frozen on cases with it.

    `budgets` are those of the clocks that start with the case; `next_response` starts when the author asks again,
    `forward_accepted` when the case is forwarded.
    """

    name: str
    budgets: tuple[tuple[ClockName, timedelta], ...]
    calendar: str = "always"
    warn_at: tuple[float, ...] = WARN_AT
    next_response: timedelta | None = None
    forward_accepted: timedelta | None = None
    remind_at: tuple[float, ...] = REMIND_AT
    version: str = ""

    @property
    def text(self) -> str:
        """What it grants, in words."""
        return _words(self)

    @property
    def marks(self) -> tuple[float, ...]:
        """The fractions of a budget at which something is told, ascending."""
        return (*self.warn_at, *self.remind_at)

    def budget(self, name: ClockName) -> timedelta | None:
        """The budget of a clock; None where the entry grants none."""
        if name is ClockName.NEXT_RESPONSE:
            return self.next_response
        if name is ClockName.FORWARD_ACCEPTED:
            return self.forward_accepted
        return dict(self.budgets).get(name)


@lru_cache(maxsize=1024)  # said on every case: worded once
def _words(granted: Agreement) -> str:
    clocks = [*granted.budgets]
    if granted.next_response is not None:
        clocks.insert(-1, (ClockName.NEXT_RESPONSE, granted.next_response))
    if granted.forward_accepted is not None:
        clocks.append((ClockName.FORWARD_ACCEPTED, granted.forward_accepted))
    said = ", ".join(f"{name.replace('_', ' ')} in {show_duration(budget)}" for name, budget in clocks)
    hours = "" if granted.calendar == "always" else f", in the hours of {granted.calendar}"
    return f"SLA {granted.name}: {said or 'no deadlines'}{hours}"


def _versioned(granted: Agreement) -> Agreement:
    digest = hashlib.sha256(msgspec.json.encode(granted)).hexdigest()[:8]
    return replace(granted, version=f"{granted.name}@{digest}")


def _default(severity: Severity, acknowledge: str, first_response: str, resolution: str) -> Agreement:
    limits = map(parse_duration, (acknowledge, first_response, resolution))
    return _versioned(Agreement(f"default/{severity}", tuple(zip(OPENING_CLOCKS, limits, strict=True))))


# What applies where the file has no entry for a case.
DEFAULTS = {
    Severity.SEV1: _default(Severity.SEV1, "5m", "15m", "4h"),
    Severity.SEV2: _default(Severity.SEV2, "15m", "1h", "8h"),
    Severity.SEV3: _default(Severity.SEV3, "2h", "8h", "2d"),
    Severity.SEV4: _default(Severity.SEV4, "8h", "1d", "5d"),
}


def agreement(entry: Sla) -> Agreement:
    """The compiled form of an entry, named as it says or by what it applies to."""
    limits = ((clock, getattr(entry, clock.value)) for clock in OPENING_CLOCKS)
    return _versioned(
        Agreement(
            entry.name or _called(entry),
            tuple((clock, limit) for clock, limit in limits if limit is not None),
            entry.calendar,
            tuple(sorted(set(entry.warn_at))),
            entry.next_response,
            entry.forward_accepted,
            tuple(sorted(set(entry.remind_at))),
        )
    )


def _called(entry: Sla) -> str:
    """`x+mastodon/sev1`, then what else narrows it."""
    more = [*entry.kinds, *entry.languages, *entry.watchlists, *entry.tiers]
    return "/".join(["+".join(entry.channels) or "any", "+".join(entry.severity) or "any", *more])


def best(entries: Sequence[Sla], traits: Traits) -> list[int]:
    """The indexes of the most specific entries that apply: one, none, or several where the file has a tie."""
    fitting = [(weight(e), i) for i, e in enumerate(entries) if _fits(e, traits)]
    top = max((heavy for heavy, _ in fitting), default=0)
    return [i for heavy, i in fitting if heavy == top]


def weight(entry: Sla) -> int:
    """How many lists narrow it."""
    return sum(map(bool, _lists(entry)))


def _lists(entry: Sla) -> Traits:
    """The entry's lists, in the places of the traits they narrow."""
    return Traits(
        entry.channels, entry.kinds, entry.severity, entry.languages, entry.watchlists, entry.tiers  # type: ignore[arg-type]
    )  # fmt: skip


def _fits(entry: Sla, traits: Traits) -> bool:
    return all(not allowed or value in allowed for allowed, value in zip(_lists(entry), traits, strict=True))


class Choice:
    """The agreements of a file, and the one for each kind of case, looked for once."""

    def __init__(self, entries: Sequence[Sla]) -> None:
        self._entries, self._compiled = entries, [agreement(entry) for entry in entries]
        self.named: Mapping[str, Agreement] = {
            entry.name: a for entry, a in zip(entries, self._compiled, strict=True) if entry.name
        }
        self.pick = lru_cache(maxsize=4096)(self._pick)

    def _pick(self, traits: Traits) -> Agreement:
        """The most specific entry that fits, or the built-in one of the severity."""
        found = best(self._entries, traits)
        return self._compiled[found[0]] if found else DEFAULTS[Severity(traits.severity)]


# --- ties ------------------------------------------------------------------------------------------------------------


def ties(entries: Sequence[Sla]) -> Iterator[tuple[int, int, Traits]]:
    """Each pair of entries that tie, with a case to which both apply; "" stands for any value that none names."""
    universe = _universe(entries)
    boxes = [_box(entry, universe) for entry in entries]
    for i, j in combinations(range(len(entries)), 2):
        if weight(entries[i]) != weight(entries[j]):
            continue
        both = tuple(a & b for a, b in zip(boxes[i], boxes[j], strict=True))
        heavier = [box for box, e in zip(boxes, entries, strict=True) if weight(e) > weight(entries[i])]
        case = left_over(both, heavier)
        if case is not None:
            yield i, j, Traits(*(min(values) for values in case))


def _universe(entries: Sequence[Sla]) -> list[frozenset[str]]:
    places = range(len(Traits._fields))
    named = [frozenset(str(value) for entry in entries for value in _lists(entry)[place]) for place in places]
    severity = Traits._fields.index("severity")
    return [frozenset(Severity) if place == severity else values | {_OTHER} for place, values in enumerate(named)]


def _box(entry: Sla, universe: Sequence[frozenset[str]]) -> Box:
    return tuple(
        frozenset(map(str, values)) if values else all_ for values, all_ in zip(_lists(entry), universe, strict=True)
    )


def left_over(box: Box, cuts: Sequence[Box]) -> Box | None:
    """A part of the box that none of the cuts covers; None where they cover it whole."""
    if not all(box):
        return None
    for number, cut in enumerate(cuts):
        if all(a & b for a, b in zip(box, cut, strict=True)):
            parts = (left_over(part, cuts[number + 1 :]) for part in _minus(box, cut))
            return next((part for part in parts if part is not None), None)
    return box


def _minus(box: Box, cut: Box) -> Iterator[Box]:
    """The box without the cut, in boxes that do not overlap."""
    for place, (have, gone) in enumerate(zip(box, cut, strict=True)):
        if have - gone:
            yield (*box[:place], have - gone, *box[place + 1 :])
        box = (*box[:place], have & gone, *box[place + 1 :])
