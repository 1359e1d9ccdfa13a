"""Rules that never decide anything: part of `leitstand check`. Pure.

A rule's conditions on what a post has one of (its channel, its language, …) make a box. A rule is never reached if the
boxes of earlier rules, whose other conditions surely hold whenever its own do, cover its box whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from leitstand.errors import Problem
from leitstand.model import MentionKind, Sentiment, Urgency
from leitstand.settings import Rule, Settings, When
from triage.agreements import Box, left_over
from triage.rules import SEVERAL, WEEKDAYS, given, minutes

_CLOSED: Mapping[str, frozenset[str]] = {
    "sentiment": frozenset(Sentiment),
    "kinds": frozenset(get_args(MentionKind)),
    "weekdays": frozenset(WEEKDAYS),
    "urgency_at_least": frozenset(level.name.lower() for level in Urgency),
    "needs_reply": frozenset(("True", "False")),
    "vip": frozenset(("True", "False")),
}
# What a case does not know any more of its posts: a rule on its risk cannot ask for it.
_OF_POSTS = (
    "cues", "confidence_below", "confidence_at_least", "needs_reply", "sentiment_score_below", "cases_at_least",
    "story_at_least", "count", "hours", "weekdays",
)  # fmt: skip
_OPEN = ("languages", "channels", "tiers")  # beside the values that the file names there are others


def problems(settings: Settings) -> Iterable[Problem]:
    """Rules that are never reached, can never hold, or set what cannot be together."""
    rules = settings.rules
    for index, rule in enumerate(rules):
        path = f"rules.{index}"
        broken = [*_contradictions(rule, settings)]
        yield from (Problem(f"{path}.{at}", f"rule “{rule.name}” {why}") for at, why in broken)
        # Rules on risk are asked by themselves.
        earlier = [r for r in rules[:index] if (r.when.risk_at_least is None) == (rule.when.risk_at_least is None)]
        before = _in_the_way(earlier, rule)
        if before and not broken:
            first = before[0]
            why = "which always matches" if first.when == When() else "which matches whenever this one does"
            if len(before) > 1:
                others = ", ".join(f"“{other.name}”" for other in before[1:])
                why = f"and with {others} it takes every post that this one would"
            yield Problem(path, f"rule “{rule.name}” is never reached: “{first.name}” comes first, {why}")


def _in_the_way(earlier: Sequence[Rule], rule: Rule) -> list[Rule]:
    """The fewest earlier rules that leave this one nothing; none if it can be reached."""
    able = [other for other in earlier if _implied(other.when, rule.when)]
    universe = _universe([*able, rule])
    box = _box(rule.when, universe)
    for other in able:
        if left_over(box, [_box(other.when, universe)]) is None:
            return [other]
    cuts = [_box(other.when, universe) for other in able]
    return able if able and left_over(box, cuts) is None else []


def _implied(first: When, second: When) -> bool:
    """Whether the first's conditions beside its box surely hold whenever the second's do."""
    theirs = dict(given(second))
    return all(name in theirs and _wider(name, wanted, theirs[name]) for name, wanted in given(first) if _beside(name))


def _beside(name: str) -> bool:
    return name not in _CLOSED and name not in _OPEN


def _wider(name: str, first: Any, second: Any) -> bool:
    if name == "count":
        return bool(first.key == second.key and first.more_than <= second.more_than)
    if name in SEVERAL or name == "hours":
        return set(second) <= set(first)
    return bool(first >= second) if name.endswith("_below") else bool(first <= second)


def _universe(rules: Sequence[Rule]) -> dict[str, frozenset[str]]:
    named = {name: frozenset(v for rule in rules for v in getattr(rule.when, name)) | {""} for name in _OPEN}
    return {**_CLOSED, **named}


def _box(when: When, universe: Mapping[str, frozenset[str]]) -> Box:
    return tuple(_values(name, getattr(when, name), all_) for name, all_ in universe.items())


def _values(name: str, wanted: Any, all_: frozenset[str]) -> frozenset[str]:
    if wanted in (None, []):
        return all_
    if name == "urgency_at_least":
        return frozenset(level.name.lower() for level in Urgency if level >= Urgency[wanted.upper()])
    return frozenset((str(wanted),) if isinstance(wanted, bool) else map(str, wanted))


def _contradictions(rule: Rule, settings: Settings) -> Iterable[tuple[str, str]]:
    """What of a rule cannot be together, and where."""
    when, then = rule.when, rule.then
    for least, below in (("followers_at_least", "followers_below"), ("confidence_at_least", "confidence_below")):
        low, high = getattr(when, least), getattr(when, below)
        if low is not None and high is not None and low >= high:
            yield f"when.{below}", f"never holds: {least} = {low:g} and {below} = {high:g}"
    if when.vip and not settings.triage.vips:
        yield "when.vip", "never holds: `triage.vips` is empty"
    wanted = [w.languages for w in settings.watchlists if w.name in when.watchlists]
    heard = {language for languages in wanted for language in languages} | {"unknown"}
    if wanted and all(wanted) and when.languages and heard.isdisjoint(when.languages):
        yield "when.languages", f"never holds: its watchlists only want {', '.join(sorted(heard - {'unknown'}))}"
    for span in when.hours:
        try:
            minutes(span)
        except ValueError as error:
            yield "when.hours", f"cannot be asked: {error}"
    yield from _on_risk(rule)
    sets = [name for name in ("severity", "team", "tags", "policy", "sla") if getattr(then, name)]
    if then.case == "ignore" and sets:
        yield "then", f"contradicts itself: it ignores the post and sets {', '.join(sets)}"
    if then.case == "hold" and then.policy:
        yield "then", "contradicts itself: it holds the case and starts an escalation policy"


def _on_risk(rule: Rule) -> Iterable[tuple[str, str]]:
    """What a rule on a case's risk can neither ask nor set."""
    if rule.when.risk_at_least is None:
        return
    for name, _ in given(rule.when):
        if name in _OF_POSTS:
            yield f"when.{name}", "never holds: a rule on a case's risk cannot ask this of it"
    sets = [name for name in ("team", "sla", "case") if getattr(rule.then, name)]
    if sets:
        yield "then", f"is about the risk of a case that is open already: it cannot set {', '.join(sets)}"
    if not (rule.then.severity or rule.then.tags or rule.then.policy):
        yield "then", "does nothing: a rule on a case's risk sets severity, tags or policy"
