"""Weights fitted to a site's own cases: found again where they are known, refused where they are no better."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from leitstand.model import Clock, ClockEvent, ClockName, ClockState, Event, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage.actions import act
from triage.firing import fire_due
from triage.risk import estimates, training
from triage.risk import history as past
from triage.risk.fit import Example, fit, measure
from triage.risk.model import SIGNS, STARTING, Model
from triage.risk.training import LEAST_CASES, train

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TRUE = Model(
    {"sev1": 0, "sev2": 0, "deadline": 0.1, "earlier": 0.75, "again": 0.5, "mood": 0, "reach": 0.02, "growth": 0}, 0.05
)


def world(model: Model, cases: int, seed: int = 1) -> list[Example]:
    """Cases of a site where risk is as that model says."""
    chance = random.Random(seed)
    found = []
    for number in range(1, cases + 1):
        strengths = {sign: chance.random() for sign in SIGNS if chance.random() < 0.4}
        found.append(Example(number, strengths, chance.random() < model.risk(strengths)))
    return found


def test_true_weights_are_found_again() -> None:
    found = fit(world(TRUE, 4000))
    for sign, weight in TRUE.weights.items():
        assert found.weights[sign] == pytest.approx(weight, abs=0.08), sign
    assert found.base == pytest.approx(TRUE.base, abs=0.04)


def test_what_fits_better_is_used_and_says_by_how_much() -> None:
    report = train(world(TRUE, 1500), NOW)
    assert report.refused == "" and report.model is not None
    assert report.fitted is not None and report.starting is not None
    assert report.fitted.brier < report.starting.brier and report.fitted.ece < report.starting.ece
    assert (report.cases, report.judged_on) == (1500, 450)
    said = {sign.sign: sign.said for sign in report.signs}
    assert said["earlier"] == "more than assumed" and said["reach"] == "less than assumed"
    assert report.model.fitted == "1500 cases until 2026-03-03"


def test_weights_that_are_no_better_on_later_cases_are_refused() -> None:
    """The earlier cases were as the starting weights say no more; the later ones are."""
    upside_down = [replace(e, escalated=not e.escalated) for e in world(Model(), 700)]
    later = [replace(e, case=e.case + 700) for e in world(Model(base=0.0), 300, seed=2)]
    report = train([*upside_down, *later], NOW)
    assert "no better than the starting ones" in report.refused


@pytest.mark.parametrize(("cases", "model"), [(LEAST_CASES - 1, TRUE), (LEAST_CASES + 50, Model({}, 0.02))])
def test_too_little_is_refused(cases: int, model: Model) -> None:
    report = train(world(model, cases), NOW)
    assert report.refused.startswith("too little is known: 200 cases are wanted") and report.model is None


@given(
    st.dictionaries(st.sampled_from(sorted(SIGNS)), st.floats(0, 1)), st.sampled_from(sorted(SIGNS)), st.floats(0, 0.9)
)
def test_a_sign_never_makes_a_case_safer(strengths: dict[str, float], sign: str, base: float) -> None:
    model = Model(dict(STARTING), base)
    more = model.risk({**strengths, sign: 1.0})
    assert base - 1e-9 <= model.risk(strengths) <= more + 1e-9 <= 1.0 + 1e-9
    assert model.part(sign, 1.0) == pytest.approx(STARTING[sign])


def test_estimates_are_measured_as_one_counts_by_hand() -> None:
    coin = Model({}, 0.25)
    measured = measure(coin, [Example(n, {}, n == 1) for n in range(4)])
    assert (measured.brier, measured.ece) == (0.1875, 0.0)
    assert [(b.cases, b.estimated, b.escalated) for b in measured.bins] == [(4.0, 0.25, 0.25)]
    sure = measure(Model({"sev1": 1.0}), [Example(1, {"sev1": 1.0}, escalated=False)])
    assert sure.brier == pytest.approx(1, abs=0.001) and sure.ece == pytest.approx(1, abs=0.001)


def test_history_tells_how_a_case_stood_and_what_came_of_it(database: Engine) -> None:
    rules = policy(sla=[{"channels": ["x"], "first_response": "6h"}])
    numbers = []
    for place, minutes in enumerate((0, 1, 2)):
        at = NOW + minutes * MINUTE
        item = mention(place + 1, minutes=minutes, followers=100_000 if place == 1 else None)
        numbers.append(run(database, [one(item, Urgency.NORMAL)], rules, at=at).opened[0].number)
    calm, raised, late = numbers
    with database.begin() as connection:
        act(connection, calm, "reply", actor="ann", now=NOW + HOUR, policy=rules, text="done")
        act(connection, calm, "resolve", actor="ann", now=NOW + HOUR, policy=rules)
        act(connection, raised, "escalate", actor="ann", now=NOW + 3 * HOUR, policy=rules, value="sev1")
        act(connection, raised, "reply", actor="ann", now=NOW + 3 * HOUR, policy=rules, text="done")
        fire_due(connection, rules, NOW + 7 * HOUR, 100)
    with database.begin() as connection:
        found = past.examples(connection, rules, NOW + timedelta(days=9))
    by_case = {n: [e for e in found if e.case == n] for n in numbers}
    assert [e.escalated for e in by_case[calm]] == [False, False, False], "at its post, after 5 and 30 minutes"
    assert {e.escalated for e in by_case[raised]} == {True} and len(by_case[raised]) == 4, "not after it was escalated"
    assert all(e.strengths["reach"] == 1.0 for e in by_case[raised])
    assert {e.escalated for e in by_case[late]} == {True}
    assert sum(e.weight for e in by_case[late]) == pytest.approx(1)


def test_a_clock_is_seen_as_it_was_then() -> None:
    events = [Event("opened", NOW, "leitstand", "", {"severity": "sev3", "mood": "-0.5"})]
    history = (ClockEvent(NOW, "started", NOW + 4 * HOUR), ClockEvent(NOW + 4 * HOUR, "breached", NOW + 4 * HOUR))
    end = NOW + 4 * HOUR
    clock = Clock(ClockName.FIRST_RESPONSE, ClockState.BREACHED, NOW, 4 * HOUR, end, None, history=history)
    later = NOW + timedelta(days=5)
    found = past.of_case(1, events, [clock], None, 0, 0, 100_000, later)
    assert [round(e.strengths.get("deadline", 0.0), 2) for e in found] == [0.0, 0.0, 0.0, 0.0]
    assert [e.escalated for e in found] == [True] * 4, "after four hours it had been"


def test_fitted_weights_are_used_until_they_are_forgotten(database: Engine) -> None:
    number = run(database, [one(mention(1), Urgency.CRITICAL)]).opened[0].number
    report = train(world(TRUE, 1500), NOW)

    def estimate(minutes: int) -> tuple[float, tuple[str, ...]]:
        with database.begin() as connection:
            act(connection, number, "note", actor="ann", now=NOW + minutes * MINUTE, policy=policy(), text="look")
            estimates.refresh(connection, policy(), NOW + minutes * MINUTE)
            found = estimates.read(connection, [number])[number]
            return found.score, found.reasons

    before, _ = estimate(1)
    with database.begin() as connection:
        training.keep(connection, report, NOW)
        assert estimates.in_use(connection) == report.model
    after, reasons = estimate(2)
    assert after < before / 2 and reasons
    with database.begin() as connection:
        training.forget(connection, NOW)
    assert estimate(3)[0] >= before
