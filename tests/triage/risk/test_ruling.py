"""Rules and steps that look at the risk of a case."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from leitstand.model import Intent, Notice, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import records, timeline
from triage.actions import act
from triage.policy import Policy
from triage.risk import estimates, ruling
from triage.runs.advancing import advance_due

MINUTE = timedelta(minutes=1)


def ruled(*rules: dict[str, object], **more: object) -> Policy:
    return policy(rules=[{"name": f"r{n}", **rule} for n, rule in enumerate(rules)], **more)


def estimate(database: Engine, number: int, score: float, minutes: float) -> None:
    """What `estimates.refresh` leaves when it has estimated a case."""
    with database.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO case_risks (case_number, score, reasons, at) VALUES (:n, :score, '[]', :at)
                ON CONFLICT (case_number) DO UPDATE SET score = :score, at = :at
            """),
            {"n": number, "score": score, "at": NOW + minutes * MINUTE},
        )


def sweep(database: Engine, rules: Policy, minutes: float) -> list[Notice]:
    with database.begin() as connection:
        return ruling.sweep(connection, rules, NOW + minutes * MINUTE)


def case(database: Engine, number: int) -> records.CaseRecord:
    with database.connect() as connection:
        return records.read(connection, [number])[number]


def said(database: Engine, number: int) -> list[str]:
    with database.connect() as connection:
        return [e.text for e in timeline.read(connection, number)]


def test_it_decides_once_when_the_risk_has_risen(database: Engine) -> None:
    then = {"severity": "sev1", "tags": ["at-risk"]}
    rules = ruled({"when": {"risk_at_least": 0.6, "channels": ["x"]}, "then": then})
    number = run(database, [one(mention(1), Urgency.NORMAL)], rules).opened[0].number
    estimate(database, number, 0.59, 1)
    assert sweep(database, rules, 1) == [] and case(database, number).tags == ()
    estimate(database, number, 0.6, 2)
    told = sweep(database, rules, 2)
    assert {"sev1-group", "desk"} <= {n.target for n in told}
    found = case(database, number)
    assert (found.severity, found.tags) == ("sev1", ("at-risk",))
    assert "rule “r0”: its risk is 0.60" in said(database, number)
    with database.begin() as connection:
        act(connection, number, "label", actor="ann", now=NOW, policy=rules, value="-at-risk")
    estimate(database, number, 0.9, 3)
    assert sweep(database, rules, 3) == [], "it has decided about this case"
    assert case(database, number).tags == ()


def test_the_first_that_holds_decides_and_a_later_one_may_before_it(database: Engine) -> None:
    rules = ruled(
        {"when": {"risk_at_least": 0.9}, "then": {"tags": ["very"]}},
        {"when": {"risk_at_least": 0.5}, "then": {"tags": ["somewhat"]}},
    )
    number = run(database, [one(mention(1))], rules).opened[0].number
    for minutes, score in ((1, 0.7), (2, 0.95), (3, 0.96)):
        estimate(database, number, score, minutes)
        sweep(database, rules, minutes)
    assert case(database, number).tags == ("somewhat", "very")


@pytest.mark.parametrize(
    ("when", "decides"),
    [
        ({"intents": ["legal"]}, True),
        ({"intents": ["praise"]}, False),
        ({"urgency_at_least": "high"}, True),
        ({"urgency_at_least": "critical"}, False),
        ({"watchlists": ["cloud"], "languages": ["en"]}, True),
        ({"authors": ["@author1"], "followers_at_least": 100}, True),
        ({"followers_at_least": 501}, False),
        ({"sentiment": ["positive"]}, False),
    ],
)
def test_other_conditions_are_asked_of_the_case(database: Engine, when: dict[str, object], *, decides: bool) -> None:
    rules = ruled({"when": {"risk_at_least": 0.5, **when}, "then": {"tags": ["t"]}})
    item = one(mention(1, followers=500), Urgency.HIGH, Intent.LEGAL)
    number = run(database, [item], rules).opened[0].number
    estimate(database, number, 0.5, 1)
    sweep(database, rules, 1)
    assert (case(database, number).tags == ("t",)) is decides


def test_it_makes_nothing_milder_and_wakes_no_case_that_is_over(database: Engine) -> None:
    rules = ruled({"when": {"risk_at_least": 0.5}, "then": {"severity": "sev3", "policy": "late"}})
    worse, over = (run(database, [one(mention(n), Urgency.CRITICAL)], rules).opened[0].number for n in (1, 2))
    with database.begin() as connection:
        act(connection, over, "resolve", actor="ann", now=NOW, policy=rules)
    for number in (worse, over):
        estimate(database, number, 0.9, 1)
    told = sweep(database, rules, 1)
    assert case(database, worse).severity == "sev1"
    assert {n.case.number for n in told} == {worse} and {n.target for n in told} == {"manager"}


def test_a_post_is_never_decided_by_a_rule_on_risk(database: Engine) -> None:
    rules = ruled({"when": {"risk_at_least": 0.01}, "then": {"tags": ["t"]}})
    number = run(database, [one(mention(1))], rules).opened[0].number
    assert case(database, number).tags == ()


def test_what_risk_estimates_is_what_the_rule_sees(database: Engine) -> None:
    rules = ruled({"when": {"risk_at_least": 0.3}, "then": {"tags": ["t"]}})
    number = run(database, [one(mention(1, followers=1_000_000), Urgency.CRITICAL)], rules).opened[0].number
    with database.begin() as connection:
        assert estimates.refresh(connection, rules, NOW + MINUTE) == 1
    sweep(database, rules, 1)
    assert case(database, number).tags == ("t",)


def test_a_step_can_ask_for_the_risk(database: Engine) -> None:
    steps = [{"notify": "desk", "after": "5m", "only": {"risk_at_least": 0.7, "otherwise": "wait"}}]
    rules = policy(escalation={"sev1": {"steps": steps}})
    number = run(database, [one(mention(1), Urgency.CRITICAL)], rules).opened[0].number
    with database.begin() as connection:
        assert advance_due(connection, rules, NOW + 5 * MINUTE).notices == ()
    assert said(database, number)[-1].endswith("waits: the risk is not known, not 0.70")
    estimate(database, number, 0.5, 6)
    with database.begin() as connection:
        assert advance_due(connection, rules, NOW + 6 * MINUTE).notices == ()
    assert said(database, number)[-1].endswith("waits: the risk is 0.50, not 0.70")
    estimate(database, number, 0.7, 7)
    with database.begin() as connection:
        assert [n.target for n in advance_due(connection, rules, NOW + 8 * MINUTE).notices] == ["desk"]
