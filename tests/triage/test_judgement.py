"""Severity, rules and the sentences that explain them."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.model import Intent, Reason, Severity, Urgency
from tests.triage.building import assessment, mention, policy
from triage.judgement import judge
from triage.severity import Impact, from_matrix


@pytest.mark.parametrize(
    ("urgency", "row"),
    [
        (Urgency.CRITICAL, ["sev2", "sev1", "sev1", "sev1"]),
        (Urgency.HIGH, ["sev3", "sev3", "sev2", "sev1"]),
        (Urgency.NORMAL, ["sev4", "sev4", "sev3", "sev2"]),
        (Urgency.NONE, ["sev4", "sev4", "sev4", "sev4"]),
    ],
)
def test_the_matrix(urgency: Urgency, row: list[str]) -> None:
    assert [from_matrix(impact, urgency) for impact in Impact] == row


def test_more_impact_or_more_urgency_never_makes_it_milder() -> None:
    for (i, u), (j, v) in itertools.product(itertools.product(Impact, Urgency), repeat=2):
        if i <= j and u <= v:
            assert from_matrix(i, u) >= from_matrix(j, v)


def test_reach_lifts_the_impact_one_step_and_says_so() -> None:
    judged = judge(mention(1, followers=250_000, watchlists=("brand",)), assessment(Urgency.HIGH), policy())
    assert judged.severity is Severity.SEV2
    assert judged.reasons[-1].text == ("severity sev2: impact high (the author has 250,000 followers) × urgency high")


@pytest.mark.parametrize(
    ("followers", "impact"),
    [(999, Impact.NORMAL), (1000, Impact.HIGH), (1999, Impact.HIGH), (2000, Impact.MAJOR), (None, Impact.NORMAL)],
)
def test_each_reach_lifts_from_its_very_number_on(followers: int | None, impact: Impact) -> None:
    rules = policy(triage={"reach_high": 1000, "reach_huge": 2000})
    judged = judge(mention(1, followers=followers, watchlists=("brand",)), assessment(Urgency.NORMAL), rules)
    assert judged.severity is from_matrix(impact, Urgency.NORMAL)


@pytest.mark.parametrize("vip", ["ann", "@Ann", "x:ann", "x:@ann"])
def test_a_vip_lifts_the_impact_however_it_is_written(vip: str) -> None:
    judged = judge(
        mention(1, author="Ann", watchlists=("brand",)), assessment(Urgency.HIGH), policy(triage={"vips": [vip]})
    )
    assert judged.severity is Severity.SEV2
    other = judge(
        mention(1, author="anna", watchlists=("brand",)), assessment(Urgency.HIGH), policy(triage={"vips": [vip]})
    )
    assert other.severity is Severity.SEV3


def test_a_vip_on_another_server_keeps_the_server() -> None:
    rules = policy(triage={"vips": ["ann@social.example", "mastodon:@bob@social.example"]})
    for author in ("ann@social.example", "bob@social.example"):
        post = mention(1, author=author, watchlists=("brand",), channel="mastodon")
        assert judge(post, assessment(Urgency.HIGH), rules).severity is Severity.SEV2


def test_the_highest_importance_counts_and_the_first_watchlist_names_the_team() -> None:
    judged = judge(mention(1, watchlists=("brand", "cloud")), assessment(Urgency.HIGH), policy())
    assert (judged.severity, judged.team) == (Severity.SEV2, "default")


def test_the_first_matching_rule_decides_and_is_named() -> None:
    rules = [
        {
            "name": "danger",
            "when": {"intents": ["safety", "security"]},
            "then": {"severity": "sev1", "tags": ["danger"]},
        },
        {"name": "all", "when": {}, "then": {"team": "cloud-support"}},
    ]
    judged = judge(mention(1, watchlists=("brand",)), assessment(Urgency.NORMAL, Intent.SECURITY), policy(rules=rules))
    assert (judged.severity, judged.team, judged.tags) == (Severity.SEV1, "default", ("danger",))
    assert judged.reasons[-1].text == "rule “danger”: severity sev1, tags danger"
    other = judge(mention(1, watchlists=("brand",)), assessment(Urgency.NORMAL), policy(rules=rules))
    assert (other.severity, other.team) == (Severity.SEV4, "cloud-support")


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"sentiment": ["negative"]}, True),
        ({"sentiment": ["positive"]}, False),
        ({"urgency_at_least": "high"}, True),
        ({"urgency_at_least": "critical"}, False),
        ({"languages": ["en", "de"]}, True),
        ({"languages": ["de"]}, False),
        ({"channels": ["x"]}, True),
        ({"channels": ["blog"]}, False),
        ({"watchlists": ["cloud"]}, True),
        ({"watchlists": ["brand"]}, False),
        ({"authors": ["@AUTHOR1"]}, True),
        ({"authors": ["author2"]}, False),
        ({"followers_at_least": 500}, True),
        ({"followers_at_least": 501}, False),
        ({"channels": ["x"], "languages": ["de"]}, False),
    ],
)
def test_conditions(when: dict[str, object], holds: bool) -> None:
    rules = policy(rules=[{"name": "r", "when": when, "then": {"tags": ["hit"]}}])
    judged = judge(mention(1, followers=500), assessment(Urgency.HIGH), rules)
    assert (judged.tags == ("hit",)) is holds


@given(st.text(max_size=40), st.integers(0, 50), st.integers(0, 50))
def test_reasons_take_any_span_of_any_text(words: str, start: int, end: int) -> None:
    told = replace(assessment(Urgency.HIGH), reasons=(Reason("urgency", "blocked_now", start, end, 2.0),))
    judged = judge(mention(1, words=words), told, policy())
    quoted = " ".join(words[start:end].split())[:80]
    cue = f"“{quoted}” (blocked now)" if quoted else "blocked now"
    assert judged.reasons[0].text == f"urgency high: {cue}"
