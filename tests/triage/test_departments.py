"""What a department says of a case that was forwarded to it, on the case."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from bench.invariants import broken, unexplained
from leitstand.errors import NotFoundError
from leitstand.model import CaseState, Clock, ClockName, ClockState, TargetAnswer
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, departments, records, timeline
from triage.actions import act
from triage.in_hand import Acted

HOUR = timedelta(hours=1)
POLICY = policy(sla=[{"forward_accepted": "3h", "first_response": "1d", "resolution": "2d"}])


@pytest.fixture
def number(database: Engine) -> int:
    """A case that was forwarded to the desk and waits for it."""
    (opened,) = run(database, [one(mention(1, author="ann"))], POLICY).opened
    with database.begin() as connection:
        for action, value in (("forward", "desk"), ("pause", "department")):
            act(connection, opened.number, action, actor="eve", now=NOW + HOUR, policy=POLICY, value=value)
    return opened.number


def tell(database: Engine, number: int, event: str, name: str = "1", *, at: datetime = NOW + 2 * HOUR) -> Acted:
    said = TargetAnswer("desk", name, number, event, "Bea", "ticket 5")  # type: ignore[arg-type]
    with database.begin() as connection:
        acted = departments.take(connection, said, POLICY, at)
        assert broken(connection, at) == [] and unexplained(connection, NOW) == []
    return acted


def stands(database: Engine, number: int) -> tuple[CaseState, Clock, str]:
    """The case's state, its clock for the hand-over, and the last line of its timeline."""
    with database.connect() as connection:
        clock = clocks.read(connection, [number])[number][ClockName.FORWARD_ACCEPTED]
        return records.read(connection, [number])[number].state, clock, timeline.read(connection, number)[-1].text


def test_accepting_stops_the_clock_once(database: Engine, number: int) -> None:
    assert tell(database, number, "accepted").changed
    said = "accepted by Bea at desk: ticket 5 (forward accepted met after 1h)"
    state, clock, last = stands(database, number)
    assert (state, clock.state, clock.ended_at, last) == (CaseState.WAITING, ClockState.MET, NOW + 2 * HOUR, said)
    assert not tell(database, number, "accepted", at=NOW + 3 * HOUR).changed
    assert stands(database, number)[1:] == (clock, said)


def test_accepting_late_is_a_miss(database: Engine, number: int) -> None:
    said = TargetAnswer("desk", "1", number, "accepted")
    with database.begin() as connection:
        departments.take(connection, said, POLICY, NOW + 5 * HOUR)
    assert stands(database, number)[1].state is ClockState.BREACHED


def test_a_second_answer_without_a_deadline_is_a_line_of_the_timeline(database: Engine, number: int) -> None:
    tell(database, number, "accepted")
    assert tell(database, number, "accepted", "2").notices == ()
    assert stands(database, number)[2] == "accepted by Bea at desk: ticket 5"


def test_what_is_handed_back_is_the_team_s_again(database: Engine, number: int) -> None:
    acted = tell(database, number, "withdrawn")
    assert [notice.reason for notice in acted.notices] == ["handed back by Bea at desk: ticket 5"]
    state, clock, last = stands(database, number)
    assert (state, clock.state, last) == (CaseState.OPEN, ClockState.IDLE, "the clocks run on")
    with database.begin() as connection:
        act(connection, number, "forward", actor="eve", now=NOW + 4 * HOUR, policy=POLICY, value="desk")
    assert stands(database, number)[1].state is ClockState.RUNNING


def test_what_is_solved_there_is_resolved(database: Engine, number: int) -> None:
    assert tell(database, number, "resolved").case.state is CaseState.RESOLVED
    state, clock, last = stands(database, number)
    assert (state, clock.state) == (CaseState.RESOLVED, ClockState.MET)
    assert last.startswith("resolved by Bea at desk: ticket 5")


def test_an_answer_to_a_case_that_is_over_is_noted_and_changes_nothing(database: Engine, number: int) -> None:
    tell(database, number, "resolved")
    assert not tell(database, number, "resolved", "2").changed
    assert stands(database, number)[2].startswith("resolved by Bea")
    assert not tell(database, number, "withdrawn", "3").changed
    assert stands(database, number)[2] == "handed back by Bea at desk: ticket 5"


def test_the_same_id_of_another_target_is_another_answer(database: Engine, number: int) -> None:
    tell(database, number, "accepted")
    with database.begin() as connection:
        departments.take(connection, TargetAnswer("manager", "1", number, "resolved"), POLICY, NOW + 3 * HOUR)
    assert stands(database, number)[0] is CaseState.RESOLVED


def test_a_case_that_is_not_there(database: Engine) -> None:
    with database.begin() as connection, pytest.raises(NotFoundError):
        departments.take(connection, TargetAnswer("desk", "1", 99, "accepted"), POLICY, NOW)
