"""What steps of a policy do beside telling: conditions, silences, who is on call, what became of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from escalation_bridge.ledger import Answer
from leitstand.errors import InputError, NotFoundError
from leitstand.model import NoticeType, Severity, Urgency
from leitstand.settings import Escalation, Rota, Settings
from tests.triage.building import NOW, SETTINGS, mention, one, policy, run
from triage import checks, doing, records, silences, timeline
from triage.actions import act
from triage.policy import Policy
from triage.replay import replay, standing
from triage.rota import compiled
from triage.runs import Steps, advance_due
from triage.silences import Matcher

MINUTE = timedelta(minutes=1)


def with_sev1(*steps: dict[str, object], **more: object) -> Policy:
    return policy(escalation={"sev1": {"steps": list(steps), **more}})


def opened(database: Engine, rules: Policy, urgency: Urgency = Urgency.CRITICAL) -> int:
    return run(database, [one(mention(1), urgency)], rules).opened[0].number


def sweep(database: Engine, minutes: float, rules: Policy) -> Steps:
    with database.begin() as connection:
        return advance_due(connection, rules, NOW + minutes * MINUTE)


def told(steps: Steps) -> list[str]:
    return [n.target for n in steps.notices]


def said(database: Engine, number: int) -> list[str]:
    with database.connect() as connection:
        return [e.text for e in timeline.read(connection, number)]


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


def test_forward_and_resolve_are_done_as_a_person_would(database: Engine) -> None:
    rules = with_sev1({"forward": "manager", "after": "1m"}, {"resolve": True, "after": "1m"})
    number = opened(database, rules)
    with database.begin() as connection:
        forwarded = advance_due(connection, rules, NOW + MINUTE)
        notices = doing.do(connection, forwarded.does, rules, NOW + MINUTE)
    assert [(n.target, n.type) for n in notices] == [("manager", NoticeType.CASE_ESCALATED)]
    with database.begin() as connection:
        doing.do(connection, advance_due(connection, rules, NOW + 2 * MINUTE).does, rules, NOW + 2 * MINUTE)
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
        assert doing.do(connection, does, rules, NOW + MINUTE) == []
    assert any("resolve failed" in line for line in said(database, number))


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


def test_a_silence_makes_steps_wait_for_its_end(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"notify": "manager", "after": "1m"})
    with database.begin() as connection:
        quiet = Matcher(teams=("cloud-support",), severities=("sev1",))
        silences.add(connection, quiet, owner="ann", reason="a drill", now=NOW, lasts=30 * MINUTE)
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    assert [n.target for n in outcome.notices if n.step] == []
    assert told(sweep(database, 29, rules)) == []
    assert told(sweep(database, 30, rules)) == ["desk"]
    waits = [line for line in said(database, outcome.opened[0].number) if "waits: silence" in line]
    assert waits == ["escalation sev1, step 1/2 waits: silence 1 by ann until 2026-03-03 09:30 UTC (a drill)"]


def test_a_silence_that_is_ended_lets_go_at_once(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"})
    with database.begin() as connection:
        added = silences.add(
            connection, Matcher(channels=("x",)), owner="ann", reason="a drill", now=NOW, lasts=30 * MINUTE
        )
    opened(database, rules)
    with database.begin() as connection:
        silences.end(connection, added.id, actor="ben", now=NOW + MINUTE)
        assert silences.listed(connection, NOW + MINUTE) == []
        with pytest.raises(NotFoundError):
            silences.end(connection, added.id, actor="ben", now=NOW + MINUTE)
    assert told(sweep(database, 1, rules)) == ["desk"]


def test_a_silence_for_others_changes_nothing(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"})
    with database.begin() as connection:
        silences.add(connection, Matcher(teams=("others",)), owner="ann", reason="x", now=NOW, lasts=MINUTE)
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    assert [n.target for n in outcome.notices if n.step] == ["desk"]


@pytest.mark.parametrize(
    ("matcher", "owner", "lasts"),
    [
        (Matcher(), "ann", MINUTE),
        (Matcher(teams=("t",)), " ", MINUTE),
        (Matcher(teams=("t",)), "ann", 99 * 1440 * MINUTE),
    ],
)
def test_a_silence_needs_matcher_owner_and_end(
    database: Engine, matcher: Matcher, owner: str, lasts: timedelta
) -> None:
    with database.begin() as connection, pytest.raises(InputError):
        silences.add(connection, matcher, owner=owner, reason="x", now=NOW, lasts=lasts)


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


def answer(number: int, error: str = "") -> Answer:
    return Answer(number, "desk", "1/2", "escalation sev1, step 1/2: the case is sev1", NOW, error)


def test_what_became_of_a_step_is_on_the_timeline(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"notify": "manager", "after": "10m"})
    number = opened(database, rules)
    with database.begin() as connection:
        doing.note_answers(connection, [answer(number)], NOW)
    assert said(database, number)[-1] == "escalation sev1, step 1/2: desk has it"
    assert told(sweep(database, 1, rules)) == []


def test_a_step_that_reached_nobody_hurries_the_next(database: Engine) -> None:
    rules = with_sev1({"notify": "desk"}, {"notify": "manager", "after": "10m"})
    number = opened(database, rules)
    with database.begin() as connection:
        doing.note_answers(connection, [answer(number, "HTTP 410")], NOW)
    assert said(database, number)[-1].endswith("desk could not be told (HTTP 410); on to the next at once")
    assert told(sweep(database, 1, rules)) == ["manager"]


PEOPLE = ["anna", "ben", "cleo"]


def on_call(at: str, **rota: object) -> str | None:
    turns = compiled(Rota.model_validate({"people": PEOPLE, "timezone": "Europe/Berlin", **rota}))
    return turns.on_call(datetime.fromisoformat(at))


def test_turns_change_at_the_hand_over_on_the_wall() -> None:
    assert on_call("2026-01-05T08:59:00+01:00") == "cleo"
    assert on_call("2026-01-05T09:00:00+01:00") == "anna"
    assert on_call("2026-01-12T09:00:00+01:00") == "ben"
    assert on_call("2026-03-30T08:59:00+02:00") == "cleo", "also after the clocks have changed"
    assert on_call("2026-03-30T09:00:00+02:00") == "anna"


def test_overrides_come_first_and_the_last_wins() -> None:
    there = [
        {"start": "2026-01-06T00:00:00+01:00", "end": "2026-01-08T00:00:00+01:00", "person": "ben"},
        {"start": "2026-01-07T00:00:00+01:00", "end": "2026-01-08T00:00:00+01:00", "person": "cleo"},
    ]
    assert [on_call(f"2026-01-0{day}T12:00:00+01:00", overrides=there) for day in (6, 7, 8)] == ["ben", "cleo", "anna"]


def test_a_calendar_names_who_is_on_call(tmp_path: Path) -> None:
    file = tmp_path / "rota.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20260105T180000\r\nDURATION:PT14H\r\n"
        "RRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:ben\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert on_call("2026-01-06T07:59:00+01:00", ical=file) == "ben"
    assert on_call("2026-01-06T12:00:00+01:00", ical=file) == "anna"


@given(st.integers(0, 2_000_000).map(lambda minutes: datetime(2026, 1, 5, 9, tzinfo=UTC) + minutes * MINUTE))
def test_somebody_is_always_on_call_and_for_a_week(at: datetime) -> None:
    turns = compiled(Rota.model_validate({"people": PEOPLE}))
    now, later = turns.on_call(at), turns.on_call(at + timedelta(weeks=1))
    assert now in PEOPLE and PEOPLE[(PEOPLE.index(now) + 1) % 3] == later


def test_who_is_on_call_is_told(database: Engine) -> None:
    teams = {"cloud-support": {"forward": [], "rota": "cloud"}}
    rules = policy(
        teams=teams, rotas={"cloud": {"people": ["manager"]}, "other": {"people": ["desk"]}},
        escalation={"sev1": {"steps": [{"notify": "on-call"}, {"notify": "other", "after": "1m"}]}},
    )  # fmt: skip
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], rules)
    assert [n.target for n in outcome.notices] == ["manager"]
    assert told(sweep(database, 1, rules)) == ["desk"]


@pytest.mark.parametrize("step", [{}, {"notify": "desk", "resolve": True}, {"wait": "1m", "forward": "desk"}])
def test_a_step_does_exactly_one_thing(step: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a step does one thing"):
        Escalation.model_validate({"steps": [step]})


def problems(**changes: object) -> list[str]:
    return [p.path for p in checks.problems(Settings.model_validate({**SETTINGS, **changes}))]


def test_what_would_never_wake_anybody_or_never_stop_is_found() -> None:
    assert problems(rotas={"empty": {}}) == ["rotas.empty"]
    assert problems(rotas={"desk": {"people": ["desk"]}}) == ["rotas.desk"]
    assert problems(
        escalation={"sev1": {"steps": [{"notify": "on-call"}]}, "late": {"steps": [{"notify": "desk"}]}}
    ) == ["escalation.sev1.steps.0.notify"]
    assert problems(escalation={"late": {"steps": [{"notify": "desk"}, {"notify": "manager"}], "repeat": 3}}) == [
        "escalation.late.repeat"
    ]
    assert problems(escalation={"late": {"steps": [{"webhook": "desk"}]}}) == ["escalation.late.steps.0.webhook"]


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
