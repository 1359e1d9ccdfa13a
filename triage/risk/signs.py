"""The signs of a case that it will be escalated: each with its strength from 0 to 1, and its words. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from leitstand.model import Risk, Severity
from triage.risk.model import Model

_SHOWN = 0.03


class Deadline(NamedTuple):
    """A clock that nobody has stopped: it runs, or is breached."""

    name: str
    breached: bool
    started_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Signs:
    """What is looked at beside the case's severity and its deadlines.

    `followers` are the author's, `moods` their sentiment scores (-1 to 1) from the first post on, `earlier` how many
    cases they had before, `lately` how many posts came within the last hour, `posts` how many in all.
    """

    followers: int = 0
    moods: tuple[float, ...] = ()
    earlier: int = 0
    lately: int = 0
    posts: int = 1


NO_SIGNS, STARTING = Signs(), Model()


def assess(
    severity: Severity,
    deadlines: Iterable[Deadline],
    signs: Signs,
    reach_high: int,
    now: datetime,
    model: Model = STARTING,
) -> Risk:
    """The risk of a case now, and why, the weightiest first."""
    found = _found(severity, (_used(one, now) for one in deadlines), signs, reach_high)
    score = model.risk({sign: strength for sign, strength, _ in found})
    parts = [(model.part(sign, strength), words) for sign, strength, words in found]
    told = sorted((p for p in [*parts, (model.base, "as with any case")] if p[0] >= _SHOWN), key=lambda p: -p[0])
    return Risk(round(score, 3), tuple(f"{words} (+{part:.2f})" for part, words in told))


def strengths(severity: Severity, used: Iterable[tuple[str, float]], signs: Signs, reach_high: int) -> dict[str, float]:
    """How strong each sign is, by its name. `used` is how much of its time each clock has used."""
    return {sign: strength for sign, strength, _ in _found(severity, used, signs, reach_high)}


_Found = list[tuple[str, float, str]]


def _found(severity: Severity, used: Iterable[tuple[str, float]], signs: Signs, reach_high: int) -> _Found:
    """The signs that are there: their names, strengths and words."""
    return [
        *_severity(severity), *_time(used), *_contact(signs), *_mood(signs), *_reach(signs.followers, reach_high),
        *_growth(signs),
    ]  # fmt: skip


def _severity(severity: Severity) -> _Found:
    return [(severity.value, 1.0, f"it is {severity}")] if severity in (Severity.SEV1, Severity.SEV2) else []


def _used(one: Deadline, now: datetime) -> tuple[str, float]:
    """How much of its time a clock has used: all when it is breached."""
    span = max((one.due_at - one.started_at).total_seconds(), 1.0)
    share = 1.0 if one.breached else (now - one.started_at).total_seconds() / span
    return one.name, min(share, 1.0)


def _time(used: Iterable[tuple[str, float]]) -> _Found:
    """The clock that is nearest to its end: nothing until half of its time, all when it is breached."""
    name, most = max(used, key=lambda pair: pair[1], default=("", 0.0))
    strength = max(0.0, 2 * most - 1)
    said = f"{name.replace('_', ' ')}: {most:.0%} of the time is used"
    return [("deadline", strength, said)] if strength else []


def _contact(signs: Signs) -> _Found:
    again = len(signs.moods) - 1
    parts = [("earlier", min(signs.earlier, 3) / 3, f"{signs.earlier} cases of the same author before")]
    parts += [("again", min(max(again, 0), 4) / 4, f"the author has written {again} times more")]
    return [part for part in parts if part[1] > 0]


def _mood(signs: Signs) -> _Found:
    """The last post against the mean of those before it."""
    if len(signs.moods) < 2:
        return []
    before, last = sum(signs.moods[:-1]) / (len(signs.moods) - 1), signs.moods[-1]
    fall = before - last
    return [("mood", min(fall, 1.0), f"sentiment falls from {before:+.1f} to {last:+.1f}")] if fall > 0.1 else []


def _reach(followers: int, high: int) -> _Found:
    """Nothing below a hundredth of `triage.reach_high`, all from there on."""
    strength = min(1.0, max(0.0, 1 + math.log10(max(followers, 1) / high) / 2))
    return [("reach", strength, f"the author has {followers:,} followers")] if strength > 0 else []


def _growth(signs: Signs) -> _Found:
    if signs.lately < 3:
        return []
    return [("growth", min(signs.lately, 30) / 30, f"{signs.lately} of {signs.posts} posts within the last hour")]
