"""Conditions on everything that is known of a post, and what a rule does with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from leitstand.errors import StateError
from leitstand.model import CaseState, ClockState, Intent, NoticeType, Reason, Severity, Urgency
from leitstand.settings import Rule, When
from tests.triage.building import NOW, assessment, mention, one, policy, run
from triage import clocks, timeline
from triage.actions import act
from triage.firing import fire_due
from triage.judgement import judge, subject
from triage.policy import Policy
from triage.rules import _LOOK, Facts, because, compiled, failed
from triage.views import Filters, list_cases, load_case

BASE = {"triage": {"vips": ["ann"], "timezone": "Europe/Berlin"}, "customers": {"gold": {"accounts": ["x:@Ann"]}}}
# A review on a Tuesday at 10:00 in Berlin, by a VIP and gold customer who had three cases before.
POST = mention(1, author="ann", followers=500)
POST = replace(POST, mention=replace(POST.mention, kind="review"))
FOUND = replace(
    assessment(Urgency.HIGH, Intent.COMPLAINT), confidence=0.6, reasons=(Reason("urgency", "blocked_now", 0, 4, 2.0),)
)
LEARNED = replace(FOUND, reasons=(replace(FOUND.reasons[0], learned=True),))
FACTS = Facts(cases=3, story=12, counts=(("posts per channel within 10m", 3),))
COUNTED = {"per": "channel", "within": "10m"}

CONDITIONS = [
    ("intents", ["complaint", "praise"], ["praise"]),
    ("sentiment", ["negative"], ["positive"]),
    ("sentiment_score_below", -0.4, -0.5),
    ("urgency_at_least", "high", "critical"),
    ("needs_reply", True, False),
    ("confidence_below", 0.7, 0.6),
    ("confidence_at_least", 0.6, 0.7),
    ("cues", ["blocked_now"], ["fire"]),
    ("languages", ["en", "de"], ["de"]),
    ("channels", ["x"], ["blog"]),
    ("kinds", ["review"], ["reply"]),
    ("watchlists", ["cloud"], ["brand"]),
    ("authors", ["@ANN"], ["bob"]),
    ("followers_at_least", 500, 501),
    ("followers_below", 501, 500),
    ("vip", True, False),
    ("tiers", ["gold"], ["silver"]),
    ("cases_at_least", 3, 4),
    ("story_at_least", 12, 13),
    ("count", {**COUNTED, "more_than": 2}, {**COUNTED, "more_than": 3}),
    ("hours", ["09:30-10:30"], ["10:01-10:00"]),
    ("weekdays", ["tue"], ["mon", "wed"]),
]


@pytest.mark.parametrize(("name", "holds", "fails"), CONDITIONS)
def test_each_condition(name: str, holds: object, fails: object) -> None:
    rules = policy(**BASE)
    about = subject(POST, FOUND, rules, FACTS)
    good, bad = (
        compiled(Rule.model_validate({"name": "r", "when": {name: value}, "then": {}})) for value in (holds, fails)
    )
    assert (good.holds(about), failed(good, about)) == (True, "")
    assert not bad.holds(about)
    assert failed(bad, about).startswith(f"{name}: ")
    assert because(good.rule, about) == (failed(bad, about),)


def test_words_that_only_the_model_weighed_are_no_cues() -> None:
    rule = compiled(Rule.model_validate({"name": "r", "when": {"cues": ["blocked_now"]}, "then": {}}))
    assert not rule.holds(subject(POST, LEARNED, policy(**BASE), FACTS))


def test_every_condition_of_the_file_is_asked() -> None:
    on_posts = {name for name, _, _ in CONDITIONS}
    assert set(When.model_fields) == set(_LOOK) == on_posts | {"risk_at_least"}, "risk is asked of cases"


def test_a_rule_says_with_what_it_holds() -> None:
    rule = Rule.model_validate(
        {"name": "r", "when": {"hours": ["22:00-11:00"], "tiers": ["gold"], "cases_at_least": 2}, "then": {}}
    )
    about = subject(POST, FOUND, policy(**BASE), FACTS)
    assert because(rule, about) == ("tiers: gold", "cases_at_least: 3", "hours: 10:00 Europe/Berlin")
    assert because(Rule.model_validate({"name": "r", "when": {}, "then": {}}), about) == ("always",)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 23), st.integers(0, 24))  # noqa: DTZ001
def test_hours_may_go_over_midnight(written: datetime, opens: int, closes: int) -> None:
    rule = compiled(
        Rule.model_validate({"name": "r", "when": {"hours": [f"{opens:02}:00-{closes:02}:00"]}, "then": {}})
    )
    post = replace(POST, mention=replace(POST.mention, created_at=written.replace(tzinfo=UTC)))
    hours = range(opens, closes) if opens < closes else [*range(opens, 24), *range(closes)]
    assert rule.holds(subject(post, FOUND, policy(), FACTS)) is (written.hour in hours)


def test_then_sets_everything(database: Engine) -> None:
    then = {"severity": "sev1", "team": "cloud-support", "tags": ["press"], "policy": "late", "sla": "press"}
    rules = policy(
        rules=[{"name": "press", "when": {"channels": ["x"]}, "then": then}],
        sla=[{"name": "press", "channels": ["blog"], "acknowledge": "3m"}],
    )
    outcome = run(database, [one(mention(1, watchlists=("brand",)), Urgency.NORMAL)], rules)
    (opened,) = outcome.opened
    with database.connect() as connection:
        detail = load_case(connection, opened.number, rules, NOW)
    assert (detail.case.severity, detail.case.team, detail.tags) == (Severity.SEV1, "cloud-support", ("press",))
    assert {n: c.budget_seconds for n, c in detail.case.clocks.items()} == {"acknowledge": 180}
    assert [n.target for n in outcome.notices if n.step] == ["sev1-group", "manager"]
    assert "rule “press”: severity sev1, team cloud-support, tags press, policy late, SLA press" in [
        r.text for r in detail.case.reasons
    ]


def test_what_is_ignored_says_why() -> None:
    rules = policy(rules=[{"name": "ads", "when": {}, "then": {"case": "ignore", "reason": "bought followers"}}])
    assert judge(mention(1), assessment(), rules).ignored == "rule “ads” (bought followers)"


def test_very_many_followers_lift_two_steps() -> None:
    rules = policy()
    levels = [
        judge(mention(1, watchlists=("jobs",), followers=n), assessment(Urgency.HIGH, language="de"), rules).severity
        for n in (10, 100_000, 2_000_000)
    ]
    assert levels == [Severity.SEV3, Severity.SEV3, Severity.SEV2]


# --- repeat contact --------------------------------------------------------------------------------------------------


def test_an_author_who_comes_again_is_known(database: Engine) -> None:
    rules = policy(rules=[{"name": "again", "when": {"cases_at_least": 2}, "then": {"severity": "sev1"}}])
    severities = []
    for n in range(1, 5):
        (opened,) = run(database, [one(mention(n, author="ann", minutes=n))], rules).opened
        severities.append(opened.severity)
        do(database, rules, opened.number, "close")
    assert severities == ["sev2", "sev2", "sev1", "sev1"]
    later = mention(9, author="ann", minutes=60 * 24 * 40)
    assert run(database, [one(later)], rules, at=later.mention.created_at).opened[0].severity == "sev2"


# --- held for a person -----------------------------------------------------------------------------------------------


def do(database: Engine, rules: Policy, number: int, action: str) -> list[str]:
    """Do it; whom it told, and of what."""
    with database.begin() as connection:
        acted = act(connection, number, action, actor="eve", now=NOW.replace(minute=1), policy=rules)
    return [f"{n.type} {n.target}" for n in acted.notices]


HOLD = {"rules": [{"name": "rumour", "when": {}, "then": {"case": "hold", "reason": "ask the press desk"}}]}


@pytest.mark.parametrize(
    ("settings", "why"),
    [(HOLD, "rule “rumour” (ask the press desk)"), ({"triage": {"review_below": 0.5}}, "the assessment is 40% sure")],
)
def test_a_held_case_tells_nobody_until_it_is_approved(database: Engine, settings: dict[str, object], why: str) -> None:
    rules = policy(**settings)
    item = (mention(1), replace(assessment(Urgency.CRITICAL), confidence=0.4))
    outcome = run(database, [item], rules)
    (opened,) = outcome.opened
    assert outcome.notices == ()
    with database.connect() as connection:
        (waiting,) = list_cases(connection, Filters(review=True), rules, NOW).cases
        stored = clocks.read(connection, [opened.number])[opened.number]
        said = [event.text for event in timeline.read(connection, opened.number)]
    assert (waiting.number, waiting.review) == (opened.number, why)
    assert {clock.state for clock in stored.values()} == {ClockState.RUNNING}
    assert f"waits for a person before anybody is told: {why}" in said
    assert do(database, rules, opened.number, "approve") == ["case.opened desk", "case.escalated sev1-group"]
    assert do(database, rules, opened.number, "approve") == []
    with database.connect() as connection:
        assert list_cases(connection, Filters(review=True), rules, NOW).cases == ()


def test_a_held_case_that_nobody_looks_at_breaches_all_the_same(database: Engine) -> None:
    rules = policy(**HOLD)
    run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    with database.begin() as connection:
        fired = fire_due(connection, rules, NOW.replace(minute=5))
    assert NoticeType.SLA_BREACHED in [n.type for n in fired.notices]


def test_a_doubtful_post_makes_no_case_worse_by_itself(database: Engine) -> None:
    rules = policy(triage={"review_below": 0.5})
    (opened,) = run(database, [one(mention(1, author="ann"), Urgency.NORMAL)], rules).opened
    doubtful = replace(assessment(Urgency.CRITICAL), confidence=0.3)
    outcome = run(database, [(mention(2, root="post1", minutes=1), doubtful)], rules)
    assert outcome.notices == ()
    with database.connect() as connection:
        case = load_case(connection, opened.number, rules, NOW).case
    assert (case.severity, case.state) == (Severity.SEV3, CaseState.NEW)
    assert case.review == "a post would make it sev1: the assessment is 30% sure"
    assert do(database, rules, opened.number, "approve") == ["case.updated desk", "case.escalated sev1-group"]
    with database.connect() as connection:
        case = load_case(connection, opened.number, rules, NOW).case
    assert (case.severity, case.review) == (Severity.SEV1, "")
    do(database, rules, opened.number, "close")
    with pytest.raises(StateError):
        do(database, rules, opened.number, "approve")
