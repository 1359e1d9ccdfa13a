"""Escalation policies: the order and distance of their steps, what stops them, what a missing target does."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from leitstand.model import Urgency
from leitstand.settings import Escalation
from tests.triage.building import CASE, NOW, SETTINGS, mention, one, policy, run
from triage import timeline
from triage.actions import act
from triage.policy import Policy
from triage.runs.advancing import Steps, advance_due
from triage.runs.run import Run, RunState, begin
from triage.runs.steps import advance
from triage.runs.store import next_step_at

MINUTE = timedelta(minutes=1)
POLICY = policy()


def sweep(database: Engine, minutes: float, rules: Policy = POLICY) -> Steps:
    with database.begin() as connection:
        return advance_due(connection, rules, NOW + minutes * MINUTE)


def told(steps: Steps) -> list[tuple[str, str]]:
    return [(n.target, n.step) for n in steps.notices]


def with_sev1(**changes: object) -> Policy:
    return policy(escalation={**SETTINGS["escalation"], "sev1": changes})  # type: ignore[dict-item]


def test_steps_follow_each_other_until_the_last(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)]).opened
    assert told(sweep(database, 9)) == []
    assert told(sweep(database, 10)) == [("manager", "2/2")]
    assert told(sweep(database, 999)) == []
    with database.connect() as connection:
        events = [e.text for e in timeline.read(connection, opened.number) if e.kind.startswith("escalation")]
    assert events == [
        "escalation sev1 started: the case is sev1",
        "escalation sev1, step 1/2: telling sev1-group",
        "escalation sev1, step 2/2: telling manager",
        "escalation sev1: all steps are taken and nobody has acknowledged the case",
    ]


def test_the_purpose_of_each_step_is_its_own_and_always_the_same(database: Engine) -> None:
    rules = with_sev1(steps=[{"notify": "desk", "after": "1m"}], repeat=2)
    run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    notices = [n for m in (1, 2, 3) for n in sweep(database, m, rules).notices]
    with database.connect() as connection:
        run_id = connection.scalar(text("SELECT id FROM escalation_runs"))
    assert [n.purpose for n in notices] == [f"escalation:sev1:{run_id}:{n}:0" for n in range(3)]
    assert [n.step for n in notices] == [f"1/1, round {n} of 3" for n in (1, 2, 3)]


def test_acknowledging_stops_it(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)]).opened
    with database.begin() as connection:
        act(connection, opened.number, "acknowledge", actor="ann", now=NOW + MINUTE, policy=POLICY)
    assert told(sweep(database, 60)) == []
    with database.connect() as connection:
        assert next_step_at(connection) is None
        last = timeline.read(connection, opened.number)[-1]
    assert last.text == "escalation sev1 stopped: the case is acknowledged"


def test_one_that_stops_on_resolved_outlives_the_acknowledgement(database: Engine) -> None:
    steps = [{"notify": "sev1-group"}, {"after": "10m", "notify": "manager"}]
    rules = with_sev1(steps=steps, stop_on="resolved", repeat=1)
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)], rules).opened
    with database.begin() as connection:
        act(connection, opened.number, "acknowledge", actor="ann", now=NOW + MINUTE, policy=rules)
    assert told(sweep(database, 10, rules)) == [("manager", "2/2, round 1 of 2")]
    with database.begin() as connection:
        act(connection, opened.number, "resolve", actor="ann", now=NOW + 11 * MINUTE, policy=rules)
    assert told(sweep(database, 60, rules)) == []


def test_a_target_that_left_the_file_is_noted_and_the_next_step_taken_at_once(database: Engine) -> None:
    rules = with_sev1(
        steps=[{"notify": "sev1-group"}, {"notify": "desk", "after": "5m"}, {"notify": "manager", "after": "9m"}]
    )
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)], rules).opened
    without = policy(targets={"sev1-group": {"kind": "log"}, "manager": {"kind": "log"}}, teams={})
    assert told(sweep(database, 5, without)) == [("manager", "3/3")]
    with database.connect() as connection:
        kinds = [e.kind for e in timeline.read(connection, opened.number)]
    assert kinds[-3:] == ["escalation_step_failed", "escalation_step", "escalation_finished"]


def test_a_step_that_names_a_team_tells_its_targets(database: Engine) -> None:
    rules = with_sev1(steps=[{"notify": "cloud-support", "after": "1m"}])
    run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    assert told(sweep(database, 1, rules)) == [("desk", "1/1")]


def test_a_change_of_the_file_does_not_change_a_run(database: Engine) -> None:
    run(database, [one(mention(1), Urgency.CRITICAL)])
    assert told(sweep(database, 10, with_sev1(steps=[{"notify": "desk"}]))) == [("manager", "2/2")]


def test_a_worse_severity_takes_the_place_of_the_milder_policy(database: Engine) -> None:
    both = SETTINGS["escalation"] | {"sev3": {"steps": [{"notify": "desk", "after": "1h"}]}}  # type: ignore[operator]
    rules = policy(escalation=both)
    run(database, [one(mention(1), Urgency.NORMAL)], rules)
    run(database, [one(mention(2, parent="post1"), Urgency.CRITICAL)], rules)
    with database.connect() as connection:
        rows = connection.execute(text("SELECT policy, state FROM escalation_runs")).all()
    assert {row.policy: row.state for row in rows} == {"sev3": "stopped", "sev1": "running"}


def test_two_policies_of_one_name_do_not_run_for_one_case(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)]).opened
    with database.begin() as connection:
        act(connection, opened.number, "escalate", actor="ann", now=NOW, policy=POLICY)
        count = connection.scalar(text("SELECT count(*) FROM escalation_runs"))
    assert count == 1


waits = st.integers(0, 30).map(lambda m: f"{m}m")


@given(st.lists(waits, min_size=1, max_size=4), st.integers(0, 3), st.lists(st.integers(1, 90), max_size=40))
def test_every_step_is_taken_once_in_order_and_never_early(waits: list[str], repeat: int, pauses: list[int]) -> None:
    policy_ = Escalation.model_validate({"steps": [{"notify": "desk", "after": w} for w in waits], "repeat": repeat})
    run_ = begin(1, 1, "p", policy_, "test", NOW)
    now = NOW
    taken: list[tuple[int, int]] = []
    for pause in [0, *pauses, *[90] * 20]:
        now += pause * MINUTE
        due = run_.next_at
        before = run_
        run_ = _advance(run_, now, taken)
        if now < due:
            assert run_ == before
    assert taken == [(r, s) for r in range(repeat + 1) for s in range(len(waits))]
    assert run_.state is RunState.FINISHED


def _advance(run_: Run, now: datetime, taken: list[tuple[int, int]]) -> Run:
    advanced = advance(run_, CASE, POLICY, now)
    for notice in advanced.notices:
        _, _, _, round_, step = notice.purpose.split(":")
        taken.append((int(round_), int(step)))
    return advanced.run
