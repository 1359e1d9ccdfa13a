"""A run that cannot take its step holds up no other: it is left out, told once, tried again, and takes it when it can.

What is said of left out work in general is asked of clocks, in test_deadlines.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy, run
from tests.workers.refusing import beyond_a_limit, do, refused
from workers.apart import Apart
from workers.escalation_steps import EscalationSteps

STEPS = [{"notify": "sev1-group"}, {"after": "10m", "notify": "desk"}, {"after": "10m", "notify": "manager"}]
POLICY = policy(escalation={"sev1": {"steps": STEPS}}, teams={})
DUE = NOW + timedelta(minutes=10)
STEP = text("SELECT case_number FROM deliveries WHERE target = :target AND step <> '' ORDER BY 1")
SAID = text("SELECT case_number FROM case_events WHERE kind = 'escalation_step' AND text LIKE :said ORDER BY 1")


def of_another_version(database: Engine, numbers: str) -> Callable[[], None]:
    """What is stored of the runs is what only a newer version can read."""
    do(
        database,
        "CREATE TABLE kept AS SELECT id, snapshot FROM escalation_runs;"
        f" UPDATE escalation_runs SET snapshot = '{{}}' WHERE case_number IN ({numbers})",
    )
    return lambda: do(
        database,
        "UPDATE escalation_runs r SET snapshot = kept.snapshot FROM kept WHERE kept.id = r.id; DROP TABLE kept",
    )


def taken(database: Engine, target: str = "desk") -> list[int]:
    """Who has taken the step that tells this target: the same by the deliveries and on the timelines."""
    with database.connect() as connection:
        told = list(connection.scalars(STEP, {"target": target}))
        assert list(connection.scalars(SAID, {"said": f"%telling {target}"})) == told
    return told


def cases(database: Engine, count: int) -> list[int]:
    posts = [one(mention(n), Urgency.CRITICAL) for n in range(1, count + 1)]
    return [case.number for case in run(database, posts, POLICY).opened]


@pytest.mark.parametrize("spoil", [of_another_version, refused, beyond_a_limit])
def test_a_run_that_cannot_take_its_step_holds_up_no_other_and_takes_it_when_it_can(
    database: Engine, spoil: Callable[[Engine, str], Callable[[], None]]
) -> None:
    numbers = cases(database, 8)
    heal = spoil(database, str(numbers[3]))
    steps = Apart("steps", EscalationSteps(database, POLICY))
    well = [number for number in numbers if number != numbers[3]]
    with capture_logs() as logs:
        for seconds in (0, 0.1, 0.3, 60):
            steps.do(DUE + timedelta(seconds=seconds))
            assert taken(database) == well
        steps.do(DUE + timedelta(minutes=10))
    assert taken(database, "manager") == well, "they go on to the next step"
    assert [(entry["part"], entry["case"]) for entry in logs] == [("steps", numbers[3])], "it is told once"
    heal()
    with capture_logs() as logs:
        for seconds in (30, 31, 32):
            steps.do(DUE + timedelta(minutes=10, seconds=seconds))
    assert taken(database) == numbers
    assert taken(database, "manager") == well, "its next step is due ten minutes after this one"
    assert [(entry["event"], entry["case"]) for entry in logs] == [("what failed has been done", numbers[3])]
    assert steps.left_out == {}


def test_a_step_that_another_sweeper_has_taken_meanwhile_is_not_taken_again(database: Engine) -> None:
    numbers = cases(database, 3)
    heal = refused(database, str(numbers[0]))
    ours, other = (Apart("steps", EscalationSteps(database, POLICY)) for _ in range(2))
    with capture_logs() as logs:
        ours.do(DUE)
        assert len(ours.left_out) == 1
        heal()
        other.do(DUE)
        assert taken(database) == numbers
        ours.do(DUE + timedelta(seconds=1))
    assert taken(database) == numbers
    assert (len(logs), ours.left_out) == (1, {})
