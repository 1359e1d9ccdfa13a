"""A case keeps the deadlines it was promised; only `migrate` moves it to what the file says now."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import NotFoundError
from leitstand.model import ClockName, ClockState, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, records, timeline
from triage.actions import act
from triage.clocks import Clocks
from triage.firing import fire_due
from triage.migrate import Migrated, migrate
from triage.policy import Policy

MINUTE = timedelta(minutes=1)
BEFORE = policy(sla=[{"name": "desk", "acknowledge": "10m", "first_response": "1h", "next_response": "30m"}])
AFTER = policy(sla=[{"name": "desk", "first_response": "2h", "next_response": "5m", "resolution": "4h"}])


@pytest.fixture
def number(database: Engine) -> int:
    """A case opened under BEFORE."""
    return run(database, [one(mention(1, author="ann"))], BEFORE).opened[0].number


def of(database: Engine, number: int) -> Clocks:
    with database.connect() as connection:
        return clocks.read(connection, [number])[number]


def move(database: Engine, minutes: float, rules: Policy = AFTER, numbers: tuple[int, ...] = ()) -> list[Migrated]:
    with database.begin() as connection:
        return migrate(connection, numbers, rules, NOW + minutes * MINUTE, actor="eve")


def test_the_promise_of_the_day_stays_when_the_file_changes(database: Engine, number: int) -> None:
    with database.begin() as connection:
        act(connection, number, "reply", actor="eve", now=NOW + MINUTE, policy=BEFORE, text="Which order?")
    run(
        database, [one(mention(2, author="ann", root="post1", minutes=10), Urgency.NORMAL)], AFTER, at=NOW + 10 * MINUTE
    )
    assert of(database, number)[ClockName.NEXT_RESPONSE].due_at == NOW + 40 * MINUTE


def test_migrating_gives_the_new_budgets_from_the_same_start(database: Engine, number: int) -> None:
    (moved,) = move(database, 5)
    after = of(database, number)
    assert {name.value: (clock.state, clock.due_at - NOW) for name, clock in after.items()} == {
        "acknowledge": (ClockState.IDLE, 10 * MINUTE),
        "first_response": (ClockState.RUNNING, 120 * MINUTE),
        "resolution": (ClockState.RUNNING, 240 * MINUTE),
    }
    assert {name for name, _, _ in moved.moved} == {"first_response", "resolution"}
    with database.connect() as connection:
        case = records.read(connection, [number])[number]
        line = timeline.read(connection, number)[-1]
    assert (case.sla.version, moved.after) == (moved.after, line.data["after"])
    assert (line.kind, line.actor) == ("sla_migrated", "eve")
    assert [reason.text for reason in case.reasons if reason.about == "sla"] == [case.sla.text]
    assert "first response 2026-03-03 10:00 UTC → 2026-03-03 11:00 UTC" in line.text
    assert move(database, 6) == []


def test_what_is_breached_stays_breached(database: Engine, number: int) -> None:
    with database.begin() as connection:
        fire_due(connection, BEFORE, NOW + 61 * MINUTE)
    move(database, 62)
    breached = of(database, number)[ClockName.FIRST_RESPONSE]
    assert (breached.state, breached.due_at) == (ClockState.BREACHED, NOW + 60 * MINUTE)


def test_a_case_that_waits_goes_on_waiting(database: Engine, number: int) -> None:
    with database.begin() as connection:
        act(connection, number, "pause", actor="eve", now=NOW + MINUTE, policy=BEFORE)
    move(database, 5)
    live = {clock.state for clock in of(database, number).values() if clock.ended_at is None}
    assert live == {ClockState.PAUSED}
    with database.begin() as connection:
        act(connection, number, "resume", actor="eve", now=NOW + 31 * MINUTE, policy=AFTER)
    assert of(database, number)[ClockName.FIRST_RESPONSE].due_at == NOW + 150 * MINUTE


def test_cases_that_are_over_are_left_alone_and_unknown_ones_named(database: Engine, number: int) -> None:
    with database.begin() as connection:
        act(connection, number, "close", actor="eve", now=NOW + MINUTE, policy=BEFORE)
    assert move(database, 5) == []
    with pytest.raises(NotFoundError, match="there is no case 77"):
        move(database, 5, numbers=(number, 77))
