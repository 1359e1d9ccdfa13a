"""`[[rules]]`: the first that matches decides. What it does not set comes from the matrix and the watchlist.

A condition is named like what it looks at. A list holds if one of its values is there; `…_at_least` and `…_below` are
bounds; the others are equal or not. A rule is compiled to the tests of those conditions that it gives.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from leitstand.model import Assessment, Mention, Urgency
from leitstand.settings import Rule, When
from triage.accounts import accounts, folded

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the database knows of a mention: its author's earlier cases, and how many posts tell its story.

    `counts` are those of the counters that rules ask for, by their keys.
    """

    cases: int = 0
    story: int = 1
    counts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that a rule can look at."""

    mention: Mention
    assessment: Assessment
    watchlists: tuple[str, ...]
    zone: ZoneInfo
    vip: bool = False
    tier: str = ""
    facts: Facts = Facts()
    risk: float = 0.0

    @property
    def local(self) -> datetime:
        """When it was written, on the desk's wall clock."""
        return self.mention.created_at.astimezone(self.zone)


Test = Callable[[Subject], bool]

_LOOK: dict[str, Callable[[Subject], Any]] = {
    "intents": lambda s: s.assessment.intents,
    "sentiment": lambda s: s.assessment.sentiment,
    "sentiment_score_below": lambda s: s.assessment.sentiment_score,
    "urgency_at_least": lambda s: s.assessment.urgency,
    "needs_reply": lambda s: s.assessment.needs_reply,
    "confidence_below": lambda s: s.assessment.confidence,
    "confidence_at_least": lambda s: s.assessment.confidence,
    "cues": lambda s: [reason.cue for reason in s.assessment.reasons if not reason.learned],
    "languages": lambda s: s.assessment.language,
    "channels": lambda s: s.mention.channel,
    "kinds": lambda s: s.mention.kind,
    "watchlists": lambda s: s.watchlists,
    "authors": lambda s: accounts(s.mention.channel, s.mention.author),
    "followers_at_least": lambda s: s.mention.author.followers or 0,
    "followers_below": lambda s: s.mention.author.followers or 0,
    "vip": lambda s: s.vip,
    "tiers": lambda s: s.tier,
    "cases_at_least": lambda s: s.facts.cases,
    "story_at_least": lambda s: s.facts.story,
    "count": lambda s: [f"{number:,} {key}" for key, number in s.facts.counts],
    "risk_at_least": lambda s: s.risk,
    "hours": lambda s: s.local.hour * 60 + s.local.minute,
    "weekdays": lambda s: WEEKDAYS[s.local.weekday()],
}
SEVERAL = frozenset(("intents", "cues", "watchlists", "authors"))  # a post can have several of these


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with the tests of its conditions, by their names."""

    rule: Rule
    tests: tuple[tuple[str, Test], ...]

    def holds(self, subject: Subject) -> bool:
        """Whether all conditions hold."""
        return all(test(subject) for _, test in self.tests)


def compiled(rule: Rule) -> CompiledRule:
    """The rule, ready to be asked."""
    return CompiledRule(rule, tuple((name, _test(name, wanted)) for name, wanted in given(rule.when)))


def given(when: When) -> Iterator[tuple[str, Any]]:
    """The conditions that are given, in the file's words."""
    return ((name, wanted) for name in _LOOK if (wanted := getattr(when, name)) not in (None, []))


def first_match(rules: Sequence[CompiledRule], subject: Subject) -> Rule | None:
    """The first rule all of whose conditions hold."""
    return next((found.rule for found in rules if found.holds(subject)), None)


def because(rule: Rule, subject: Subject) -> tuple[str, ...]:
    """Why a rule that matches does: each condition with what was found; "always" for a rule without any."""
    return tuple(f"{name}: {_shown(name, subject)}" for name, _ in given(rule.when)) or ("always",)


def failed(rule: CompiledRule, subject: Subject) -> str:
    """The first condition that does not hold, with what was found; "" if all hold."""
    return next((f"{name}: {_shown(name, subject)}" for name, test in rule.tests if not test(subject)), "")


def _test(name: str, wanted: Any) -> Test:
    look = _LOOK[name]
    if name == "hours":
        spans = tuple(map(minutes, wanted))
        return lambda s: any(_within(look(s), opens, closes) for opens, closes in spans)
    if name == "count":
        return lambda s: dict(s.facts.counts).get(wanted.key, 0) > wanted.more_than
    if name == "urgency_at_least":
        wanted = Urgency[wanted.upper()]
    if name.endswith("_at_least"):
        return lambda s: bool(look(s) >= wanted)
    if name.endswith("_below"):
        return lambda s: bool(look(s) < wanted)
    if isinstance(wanted, bool):
        return lambda s: look(s) is wanted
    values = frozenset(map(folded, wanted) if name == "authors" else wanted)
    if name in SEVERAL:
        return lambda s: not values.isdisjoint(look(s))
    return lambda s: look(s) in values


def minutes(span: str) -> tuple[int, int]:
    """`18:00-08:00` as minutes since midnight. Raises ValueError if there is no such time."""
    first, second, third, fourth = map(int, re.split(r"[:-]", span))
    if second > 59 or fourth > 59 or first > 23 or third * 60 + fourth > 24 * 60:
        raise ValueError(f"{span!r} is not a time of day")
    return first * 60 + second, third * 60 + fourth


def _within(at: int, opens: int, closes: int) -> bool:
    return opens <= at < closes if opens < closes else at >= opens or at < closes


def _shown(name: str, subject: Subject) -> str:
    found = _LOOK[name](subject)
    match found:
        case bool():
            return "yes" if found else "no"
        case Urgency():
            return found.name.lower()
        case float():
            return f"{found:.2f}"
        case int() if name == "hours":
            return f"{subject.local:%H:%M} {subject.zone.key}"
        case int():
            return f"{found:,}"
        case str():
            return found or "none"
        case _:
            values: Iterable[Any] = found
            return ", ".join(map(str, values)) or "none"
