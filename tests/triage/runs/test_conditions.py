"""Steps whose conditions do not hold: skipped, or waited for."""

import pytest
from sqlalchemy import Engine

from leitstand.model import Severity, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from tests.triage.runs.running import opened, said, sweep, told, with_sev1
from triage.actions import act


@pytest.mark.parametrize(
    ("only", "at", "who"),
    [
        ({"hours": ["08:00-18:00"]}, 1, ["desk"]),
        ({"hours": ["18:00-08:00"]}, 1, ["manager"]),
        ({"weekdays": ["mon"]}, 1, ["manager"]),
        ({"severity": ["sev2"]}, 1, ["manager"]),
        ({"mentions_at_least": 2}, 1, ["manager"]),
        ({"unacknowledged": True}, 1, ["desk"]),
        ({"more_severe": True}, 1, ["manager"]),
        ({"more_severe": False}, 1, ["desk"]),
    ],
)
def test_a_step_whose_conditions_do_not_hold_is_skipped(
    database: Engine, only: dict[str, object], at: int, who: list[str]
) -> None:
    rules = with_sev1({"notify": "desk", "after": "1m", "only": only}, {"notify": "manager", "after": "9m"})
    number = opened(database, rules)
    assert told(sweep(database, at, rules)) == who
    assert any(" skipped: " in line for line in said(database, number)) is (who == ["manager"])


def test_a_step_may_wait_until_its_window_opens(database: Engine) -> None:
    only = {"hours": ["10:30-11:00"], "otherwise": "wait"}
    rules = with_sev1({"notify": "desk", "only": only})
    number = opened(database, rules)
    assert told(sweep(database, 89, rules)) == []
    assert told(sweep(database, 90, rules)) == ["desk"]
    assert [line for line in said(database, number) if " waits" in line] == [
        "escalation sev1, step 1/1 waits: only 10:30-11:00"
    ]


def test_a_step_may_wait_for_a_number_of_posts(database: Engine) -> None:
    rules = with_sev1({"notify": "desk", "only": {"mentions_at_least": 2, "otherwise": "wait"}})
    opened(database, rules)
    assert told(sweep(database, 5, rules)) == []
    run(database, [one(mention(2, parent="post1"), Urgency.NORMAL)], rules)
    assert told(sweep(database, 7, rules)) == ["desk"]


def test_the_severity_at_the_start_is_frozen(database: Engine) -> None:
    rules = policy(
        escalation={"late": {"steps": [{"notify": "desk", "after": "5m", "only": {"more_severe": True}}]}, "sev3": {
            "steps": [{"notify": "manager"}]}}
    )  # fmt: skip
    number = opened(database, rules, Urgency.NORMAL)
    with database.begin() as connection:
        act(connection, number, "escalate", actor="ann", now=NOW, policy=rules, value="late")
        act(connection, number, "escalate", actor="ann", now=NOW, policy=rules, value=Severity.SEV1.value)
    assert told(sweep(database, 5, rules)) == ["desk"]
