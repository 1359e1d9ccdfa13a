"""Whom a case waits for, who else has a deadline meanwhile, and what stops because nobody can be answered."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import InputError
from leitstand.model import CaseState, ClockName, ClockState, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, records, timeline
from triage.actions import act
from triage.clocks import Clocks
from triage.firing import fire_due
from triage.in_hand import Acted

MINUTE = timedelta(minutes=1)
POLICY = policy(
    sla=[{"first_response": "1h", "next_response": "30m", "resolution": "8h", "forward_accepted": "20m", "warn_at": []}]
)
FORWARD, RESOLUTION = ClockName.FORWARD_ACCEPTED, ClockName.RESOLUTION


@pytest.fixture
def number(database: Engine) -> int:
    """An open case of the author ann."""
    return run(database, [one(mention(1, author="ann"))], POLICY).opened[0].number


def do(database: Engine, number: int, action: str, minutes: float, text: str = "", value: str = "") -> Acted:
    with database.begin() as connection:
        at = NOW + minutes * MINUTE
        return act(connection, number, action, actor="eve", now=at, policy=POLICY, text=text, value=value)


def of(database: Engine, number: int) -> Clocks:
    with database.connect() as connection:
        return clocks.read(connection, [number])[number]


def sweep(database: Engine, minutes: float) -> list[str]:
    with database.begin() as connection:
        return [n.reason.partition(" (")[0] for n in fire_due(connection, POLICY, NOW + minutes * MINUTE).notices]


def last(database: Engine, number: int) -> str:
    with database.connect() as connection:
        return timeline.read(connection, number)[-1].text


@pytest.mark.parametrize(
    ("for_whom", "said"),
    [
        ("author", "waiting: which order?; the clocks stand still"),
        ("department", "waiting for a department: which order?; the clocks stand still"),
        ("hold", "on hold: which order?; the clocks stand still"),
    ],
)
def test_all_clocks_stand_still_whomever_it_waits_for(database: Engine, number: int, for_whom: str, said: str) -> None:
    do(database, number, "pause", 10, "which order?", for_whom)
    assert {c.state for c in of(database, number).values()} == {ClockState.PAUSED}
    assert last(database, number) == said
    assert sweep(database, 100_000) == []
    do(database, number, "resume", 70)
    assert of(database, number)[RESOLUTION].due_at == NOW + (480 + 60) * MINUTE


def test_a_department_that_is_waited_for_has_its_own_deadline(database: Engine, number: int) -> None:
    do(database, number, "forward", 10, value="manager")
    do(database, number, "pause", 11, value="department")
    clock = of(database, number)[FORWARD]
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, NOW + 30 * MINUTE)
    assert sweep(database, 30)[0] == "forward accepted overdue by 0s"
    do(database, number, "accept", 34, value="billing")
    assert last(database, number) == "accepted by billing (forward accepted missed: 4m late)"
    assert not do(database, number, "accept", 35).changed
    do(database, number, "forward", 40, value="desk")
    again = of(database, number)[FORWARD]
    assert (again.state, again.due_at) == (ClockState.RUNNING, NOW + 60 * MINUTE)
    assert [event.event for event in again.history] == ["started", "breached", "late", "started"]
    do(database, number, "accept", 45)
    assert of(database, number)[FORWARD].state is ClockState.MET


def test_waiting_for_another_moves_only_the_departments_clock(database: Engine, number: int) -> None:
    do(database, number, "pause", 5, value="hold")
    do(database, number, "forward", 10, value="manager")
    assert of(database, number)[FORWARD].state is ClockState.PAUSED
    do(database, number, "pause", 15, value="department")
    assert of(database, number)[FORWARD].due_at == NOW + 35 * MINUTE
    do(database, number, "pause", 20, value="author")
    assert {c.state for c in of(database, number).values()} == {ClockState.PAUSED}
    do(database, number, "resume", 65)
    after = of(database, number)
    assert (after[RESOLUTION].due_at, after[FORWARD].due_at) == (NOW + 540 * MINUTE, NOW + 80 * MINUTE)


def test_only_a_wait_for_the_author_ends_when_they_write(database: Engine, number: int) -> None:
    do(database, number, "reply", 1, "We ask the depot.")
    do(database, number, "pause", 5, value="department")
    later = NOW + 25 * MINUTE
    run(database, [one(mention(2, author="ann", root="post1", minutes=25), Urgency.NORMAL)], POLICY, at=later)
    asked = of(database, number)[ClockName.NEXT_RESPONSE]
    assert (asked.state, asked.paused_at) == (ClockState.PAUSED, NOW + 25 * MINUTE)
    do(database, number, "pause", 30, value="author")
    run(database, [one(mention(3, author="ann", root="post1", minutes=40), Urgency.NONE)], POLICY, at=NOW + 40 * MINUTE)
    with database.connect() as connection:
        case = records.read(connection, [number])[number]
    assert (case.state, case.waits_for) == (CaseState.OPEN, "")
    assert of(database, number)[ClockName.NEXT_RESPONSE].due_at == NOW + (25 + 30 + 15) * MINUTE


def test_a_breach_of_a_case_that_waits_reminds_nobody_until_the_wait_is_over(database: Engine, number: int) -> None:
    assert sweep(database, 60)[0] == "first response overdue by 0s"
    do(database, number, "pause", 80)
    assert sweep(database, 400) == []
    do(database, number, "resume", 280)
    assert sweep(database, 289) == []
    assert sweep(database, 290) == ["first response still overdue, by 3h50m"]
    assert sweep(database, 320) == ["first response still overdue, by 4h20m"]
    assert [r for n in range(400, 600) for r in sweep(database, n) if "first" in r] == []


def test_a_breach_found_only_after_the_case_began_to_wait_reminds_nobody_either(database: Engine, number: int) -> None:
    do(database, number, "pause", 61)
    assert sweep(database, 61)[0] == "first response overdue by 1m"
    assert sweep(database, 10_000) == []


def test_what_a_worse_severity_adds_to_a_case_that_waits_stands_still(database: Engine) -> None:
    rules = policy(sla=[{"acknowledge": "1h"}, {"severity": ["sev1"], "resolution": "4h", "acknowledge": "5m"}])
    number = run(database, [one(mention(1))], rules).opened[0].number
    for action, minutes in (("pause", 10), ("escalate", 20), ("resume", 50)):
        with database.begin() as connection:
            act(connection, number, action, actor="eve", now=NOW + minutes * MINUTE, policy=rules)
        if action == "escalate":
            assert of(database, number)[RESOLUTION].state is ClockState.PAUSED
    assert of(database, number)[RESOLUTION].due_at == NOW + (240 + 30) * MINUTE


def test_reminders_end_when_the_case_is_answered(database: Engine, number: int) -> None:
    sweep(database, 60)
    do(database, number, "reply", 70, "Sorry for the wait.")
    assert sweep(database, 300) == []
    assert of(database, number)[ClockName.FIRST_RESPONSE].ended_at == NOW + 70 * MINUTE


@pytest.mark.parametrize(("why", "said"), [("deleted", "the post was deleted"), ("blocked", "the author is blocked")])
def test_nobody_to_answer_stops_the_response_clocks_alone(database: Engine, number: int, why: str, said: str) -> None:
    assert do(database, number, "withdraw", 10, value=why).changed
    assert not do(database, number, "withdraw", 11, value=why).changed
    after = of(database, number)
    assert (after[ClockName.FIRST_RESPONSE].state, after[RESOLUTION].state) == (ClockState.IDLE, ClockState.RUNNING)
    assert last(database, number) == f"{said}: nobody waits for an answer any more"
    do(database, number, "resolve", 20)
    do(database, number, "reopen", 30)
    assert of(database, number)[ClockName.FIRST_RESPONSE].state is ClockState.IDLE
    assert of(database, number)[RESOLUTION].state is ClockState.RUNNING


def test_what_nobody_knows_is_refused(database: Engine, number: int) -> None:
    for action in ("pause", "withdraw"):
        with pytest.raises(InputError, match="must be one of"):
            do(database, number, action, 1, value="spring")
