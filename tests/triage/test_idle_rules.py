"""Rules that never decide anything, against asking every rule about every post."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import Sentiment, Urgency
from leitstand.settings import Settings
from tests.triage.building import SETTINGS, assessment, mention, policy
from triage.idle_rules import problems
from triage.judgement import judge

THEN = {"tags": ["t"]}
COUNT = {"per": "team", "more_than": 5, "within": "10m"}


def found(*whens: dict[str, Any], then: dict[str, Any] = THEN, **changes: object) -> list[tuple[str, str]]:
    rules = [{"name": chr(97 + n), "when": when, "then": then} for n, when in enumerate(whens)]
    return [(p.path, p.message) for p in problems(Settings.model_validate({**SETTINGS, "rules": rules, **changes}))]


def test_several_rules_together_can_leave_nothing() -> None:
    halves: list[dict[str, Any]] = [{"sentiment": ["negative", "neutral"]}, {"sentiment": ["positive", "unknown"]}]
    ((path, said),) = found(*halves, {"channels": ["x"]})
    assert path == "rules.2"
    assert said == "rule “c” is never reached: “a” comes first, and with “b” it takes every post that this one would"
    assert found(halves[0], {"channels": ["x"]}) == []


@pytest.mark.parametrize(
    ("first", "second", "reached"),
    [
        ({"intents": ["legal", "safety"]}, {"intents": ["legal"], "vip": False}, False),
        ({"intents": ["legal"]}, {"intents": ["legal", "safety"]}, True),
        ({"followers_below": 100}, {"followers_below": 50}, False),
        ({"followers_below": 50}, {"followers_below": 100}, True),
        ({"urgency_at_least": "high", "weekdays": ["sat", "sun"]}, {"urgency_at_least": "critical"}, True),
        ({"needs_reply": True}, {"needs_reply": True, "tiers": []}, False),
        ({"hours": ["18:00-08:00"]}, {"hours": ["18:00-08:00"], "languages": ["de"]}, False),
        ({"languages": ["de", "en"]}, {"languages": ["fr"]}, True),
        ({"risk_at_least": 0.5}, {"risk_at_least": 0.7}, False),
        ({"risk_at_least": 0.7}, {"risk_at_least": 0.5}, True),
        ({}, {"risk_at_least": 0.5}, True),
        ({"risk_at_least": 0.1}, {"channels": ["x"]}, True),
        ({"count": COUNT}, {"count": {**COUNT, "more_than": 9}}, False),
        ({"count": COUNT}, {"count": {**COUNT, "within": "1h"}}, True),
    ],
)
def test_one_rule_in_the_way(first: dict[str, Any], second: dict[str, Any], reached: bool) -> None:
    assert (found(first, second) == []) is reached


@pytest.mark.parametrize(
    ("when", "then", "path", "said"),
    [
        ({"followers_at_least": 100, "followers_below": 100}, THEN, "when.followers_below", "never holds"),
        ({"confidence_at_least": 0.5, "confidence_below": 0.4}, THEN, "when.confidence_below", "never holds"),
        ({"vip": True}, THEN, "when.vip", "`triage.vips` is empty"),
        ({"watchlists": ["jobs"], "languages": ["en"]}, THEN, "when.languages", "only want de"),
        ({"hours": ["25:00-26:00"]}, THEN, "when.hours", "is not a time of day"),
        ({"hours": ["18:00-24:01"]}, THEN, "when.hours", "is not a time of day"),
        ({"risk_at_least": 0.6, "cues": ["fire"]}, THEN, "when.cues", "cannot ask this of it"),
        ({"risk_at_least": 0.6}, {"team": "x", "tags": ["t"]}, "then", "cannot set team"),
        ({"risk_at_least": 0.6}, {}, "then", "does nothing"),
        (
            {},
            {"case": "ignore", "severity": "sev1", "team": "x"},
            "then",
            "it ignores the post and sets severity, team",
        ),
        ({}, {"case": "hold", "policy": "late"}, "then", "it holds the case and starts an escalation policy"),
    ],
)
def test_a_rule_that_contradicts_itself(when: dict[str, Any], then: dict[str, Any], path: str, said: str) -> None:
    ((at, message),) = found(when, then=then)
    assert at == f"rules.0.{path}"
    assert said in message


some = st.fixed_dictionaries(
    {},
    optional={
        "sentiment": st.lists(st.sampled_from(list(Sentiment)), min_size=1, max_size=3),
        "channels": st.lists(st.sampled_from(["x", "blog"]), min_size=1, max_size=2),
        "urgency_at_least": st.sampled_from(["normal", "high", "critical"]),
        "needs_reply": st.booleans(),
        "followers_at_least": st.sampled_from([10, 100]),
    },
)
POSTS = [
    (
        mention(1, channel=channel, followers=followers),
        replace(assessment(urgency), sentiment=sentiment, needs_reply=needs),
    )
    for channel, followers, urgency, sentiment, needs in product(
        ["x", "blog", "mastodon"], [0, 10, 100], Urgency, Sentiment, [True, False]
    )
]


@settings(deadline=None, max_examples=60)
@given(st.lists(some, max_size=5))
def test_a_rule_that_is_said_to_be_unreachable_decides_no_post(whens: list[dict[str, Any]]) -> None:
    unreachable = {path.split(".")[1] for path, _ in found(*whens)}
    rules = policy(rules=[{"name": str(n), "when": when, "then": THEN} for n, when in enumerate(whens)])
    assert unreachable.isdisjoint({judge(item, assessed, rules).rule for item, assessed in POSTS})
