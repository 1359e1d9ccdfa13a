"""A case that is left alone after its acknowledgement escalates again."""

from sqlalchemy import Engine

from tests.triage.building import NOW
from tests.triage.runs.running import MINUTE, opened, sweep, told, with_sev1
from triage import records, timeline
from triage.actions import act
from triage.replay import replay, standing

UNACKNOWLEDGED = {"unacknowledge_after": "1h"}


def test_a_case_that_is_left_alone_after_its_acknowledgement_escalates_again(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, **UNACKNOWLEDGED)
    number = opened(database, rules)
    with database.begin() as connection:
        act(connection, number, "acknowledge", actor="ann", now=NOW + MINUTE, policy=rules)
    assert told(sweep(database, 60, rules)) == []
    again = sweep(database, 61, rules)
    assert told(again) == ["desk"] and again.notices[0].case.acknowledged_at is None
    with database.connect() as connection:
        case = records.read(connection, [number])[number]
        assert replay(timeline.read(connection, number)) == standing(case)


def test_work_on_the_case_sets_the_timer_anew_and_solving_ends_it(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, **UNACKNOWLEDGED)
    number = opened(database, rules)
    for minutes, action in ((1, "acknowledge"), (50, "note"), (100, "resolve")):
        with database.begin() as connection:
            act(connection, number, action, actor="ann", now=NOW + minutes * MINUTE, policy=rules, text="called them")
        assert told(sweep(database, minutes + 11, rules)) == []
    assert told(sweep(database, 600, rules)) == []


def test_of_two_acknowledged_runs_of_one_policy_one_begins_again(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"after": "2h", "notify": "manager"}, **UNACKNOWLEDGED)
    number = opened(database, rules)
    for minutes, action, value in ((1, "acknowledge", ""), (2, "escalate", "sev1"), (3, "acknowledge", "")):
        with database.begin() as connection:
            act(connection, number, action, actor="ann", now=NOW + minutes * MINUTE, policy=rules, value=value)
    again = sweep(database, 64, rules)
    assert (len(again.delays), told(again)) == (2, ["desk"])
    assert told(sweep(database, 184, rules)) == ["manager"]
