"""What steps of a policy do: tell, wait, open a channel, forward, resolve; and what became of them."""

import pytest
from sqlalchemy import Engine, text

from escalation_bridge.ledger import Answer
from leitstand.model import NoticeType, Urgency
from leitstand.settings import Escalation
from tests.triage.building import NOW, mention, one, policy, run
from tests.triage.runs.running import MINUTE, opened, said, sweep, told, with_sev1
from triage.actions import act
from triage.runs import outcomes
from triage.runs.advancing import advance_due


def test_a_wait_is_a_step_of_its_own(database: Engine) -> None:
    rules = with_sev1({"wait": "5m"}, {"notify": "desk"})
    opened(database, rules)
    assert told(sweep(database, 4, rules)) == []
    assert told(sweep(database, 5, rules)) == ["desk"]


def test_a_channel_is_asked_for_by_the_name_of_the_case(database: Engine) -> None:
    rules = with_sev1({"channel": "desk"})
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    (notice,) = (n for n in outcome.notices if n.room)
    assert notice.room == f"cloud-support-sev1-{outcome.opened[0].number}"


def test_who_is_on_call_is_told(database: Engine) -> None:
    teams = {"cloud-support": {"forward": [], "rota": "cloud"}}
    rules = policy(
        teams=teams, rotas={"cloud": {"people": ["manager"]}, "other": {"people": ["desk"]}},
        escalation={"sev1": {"steps": [{"notify": "on-call"}, {"notify": "other", "after": "1m"}]}},
    )  # fmt: skip
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    assert [n.target for n in outcome.notices] == ["manager"]
    assert told(sweep(database, 1, rules)) == ["desk"]


def test_forward_and_resolve_are_done_as_a_person_would(database: Engine) -> None:
    rules = with_sev1({"forward": "manager", "after": "1m"}, {"resolve": True, "after": "1m"})
    number = opened(database, rules)
    with database.begin() as connection:
        forwarded = advance_due(connection, rules, NOW + MINUTE)
        notices = outcomes.do(connection, forwarded.does, rules, NOW + MINUTE)
    assert [(n.target, n.type) for n in notices] == [("manager", NoticeType.CASE_ESCALATED)]
    with database.begin() as connection:
        outcomes.do(connection, advance_due(connection, rules, NOW + 2 * MINUTE).does, rules, NOW + 2 * MINUTE)
        assert connection.scalar(text("SELECT state FROM cases")) == "resolved"
    assert "forwarded to manager by leitstand" in " ".join(said(database, number))


def test_a_first_step_that_does_something_is_left_to_the_sweep(database: Engine) -> None:
    rules = with_sev1({"resolve": True})
    opened(database, rules)
    assert [d.action for d in sweep(database, 0, rules).does] == ["resolve"]


def test_what_cannot_be_done_is_noted_and_stops_nothing(database: Engine) -> None:
    rules = with_sev1({"resolve": True, "after": "1m"}, {"notify": "desk", "after": "1m"})
    number = opened(database, rules)
    does = sweep(database, 1, rules).does
    with database.begin() as connection:
        act(connection, number, "close", actor="ann", now=NOW + MINUTE, policy=rules)
        assert outcomes.do(connection, does, rules, NOW + MINUTE) == []
    assert any("resolve failed" in line for line in said(database, number))


@pytest.mark.parametrize("step", [{}, {"notify": "desk", "resolve": True}, {"wait": "1m", "forward": "desk"}])
def test_a_step_does_exactly_one_thing(step: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a step does one thing"):
        Escalation.model_validate({"steps": [step]})


def answer(number: int, error: str = "") -> Answer:
    return Answer(number, "desk", "1/2", "escalation sev1, step 1/2: the case is sev1", NOW, error)


def test_what_became_of_a_step_is_on_the_timeline(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"notify": "manager", "after": "10m"})
    number = opened(database, rules)
    with database.begin() as connection:
        outcomes.note_answers(connection, [answer(number)], NOW)
    assert said(database, number)[-1] == "escalation sev1, step 1/2: desk has it"
    assert told(sweep(database, 1, rules)) == []


def test_a_step_that_reached_nobody_hurries_the_next(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"notify": "manager", "after": "10m"})
    number = opened(database, rules)
    with database.begin() as connection:
        outcomes.note_answers(connection, [answer(number, "HTTP 410")], NOW)
    assert said(database, number)[-1].endswith("desk could not be told (HTTP 410); on to the next at once")
    assert told(sweep(database, 1, rules)) == ["manager"]
