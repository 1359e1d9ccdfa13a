"""A clock that cannot fire holds up no other: it is left out, told once, tried again, and fires when it can."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from monitoring.metrics import Metrics
from tests.triage.building import NOW, mention, one, policy, run
from tests.workers.refusing import beyond_a_limit, do, refused
from triage.firing import Due
from workers.apart import MOST, Apart
from workers.deadlines import Deadlines

POLICY = policy(sla=[{"first_response": "1h"}])
LATE = NOW + timedelta(hours=1)
BREACHED = text("SELECT case_number FROM case_events WHERE kind = 'clock_breached' ORDER BY 1")
TOLD = text("SELECT count(*), count(DISTINCT case_number) FROM deliveries WHERE type = 'sla.breached'")
CANNOT = "one of what is due fails and is tried again; the others go on"


def of_another_version(database: Engine, numbers: str) -> Callable[[], None]:
    """What is stored of the clocks is what only a newer version can read."""
    change = "UPDATE sla_clocks SET name = '{}' WHERE case_number IN ({})"
    do(database, change.format("third_response", numbers))
    return lambda: do(database, "UPDATE sla_clocks SET name = 'first_response'")


def sweeper(database: Engine, registry: CollectorRegistry | None = None) -> Apart[Due]:
    return Apart("deadlines", Deadlines(database, POLICY, Metrics(registry or CollectorRegistry())))


def breached(database: Engine) -> list[int]:
    with database.connect() as connection:
        assert len(set(connection.execute(TOLD).one())) == 1, "everybody is told once"
        return list(connection.scalars(BREACHED))


def cases(database: Engine, count: int) -> list[int]:
    return [case.number for case in run(database, [one(mention(n)) for n in range(1, count + 1)], POLICY).opened]


@pytest.mark.parametrize("spoil", [of_another_version, refused, beyond_a_limit])
def test_a_clock_that_cannot_fire_holds_up_no_other_and_fires_when_it_can(
    database: Engine, spoil: Callable[[Engine, str], Callable[[], None]]
) -> None:
    numbers, registry = cases(database, 10), CollectorRegistry()
    heal = spoil(database, str(numbers[3]))
    firing = sweeper(database, registry)
    well = [number for number in numbers if number != numbers[3]]
    with capture_logs() as logs:
        for seconds in (0, 0.1, 0.3, 0.4, 60):
            firing.do(LATE + timedelta(seconds=seconds))
            assert breached(database) == well
    assert [(entry["event"], entry["case"]) for entry in logs] == [(CANNOT, numbers[3])], "it is told once"
    assert [failed.times for failed in firing.left_out.values()] == [3], "the pause grows"
    heal()
    with capture_logs() as logs:
        for seconds in (60.5, 61, 62):
            firing.do(LATE + timedelta(seconds=seconds))
    assert breached(database) == numbers
    assert firing.left_out == {}
    assert registry.get_sample_value("leitstand_clock_fire_delay_seconds_count") == 10


def test_where_many_fail_no_clock_is_to_blame_and_those_that_can_fire_still_do(database: Engine) -> None:
    numbers = cases(database, 2 * MOST + 5)
    spoilt, well = numbers[: MOST + 5], numbers[MOST + 5 :]
    heal = of_another_version(database, ", ".join(map(str, spoilt)))
    firing = sweeper(database)
    with capture_logs() as logs:
        with pytest.raises(ValueError, match="third_response"):
            firing.do(LATE)
        assert len(logs) == MOST + 1, "the log is not filled with what is wrong with all of them"
        firing.do(LATE + timedelta(seconds=5))
        assert breached(database) == well
        firing.do(LATE + timedelta(seconds=10))
    assert sorted(entry["case"] for entry in logs) == spoilt, "each is told once"
    heal()
    for seconds in (60, 61, 62):
        firing.do(LATE + timedelta(seconds=seconds))
    assert breached(database) == numbers and firing.left_out == {}


def test_what_another_sweeper_has_fired_meanwhile_is_not_fired_again(database: Engine) -> None:
    numbers = cases(database, 3)
    heal = refused(database, str(numbers[0]))
    ours, other = (sweeper(database) for _ in range(2))
    with capture_logs() as logs:
        ours.do(LATE)
        assert len(ours.left_out) == 1
        heal()
        other.do(LATE)
        assert breached(database) == numbers
        ours.do(LATE + timedelta(seconds=1))
    assert breached(database) == numbers
    assert ([entry["event"] for entry in logs], ours.left_out) == ([CANNOT], {})


def test_what_fails_only_together_fires_apart_and_is_told(database: Engine) -> None:
    numbers = cases(database, 3)
    do(
        database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF (SELECT count(DISTINCT case_number) FROM new) > 1 THEN RAISE 'refused'; END IF; RETURN NULL;"
        " END $$; CREATE TRIGGER refuse AFTER INSERT ON deliveries REFERENCING NEW TABLE AS new"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    )
    firing = sweeper(database)
    with capture_logs() as logs:
        firing.do(LATE)
    assert breached(database) == numbers and firing.left_out == {}
    assert [entry["event"] for entry in logs] == ["what could not be done together has been done apart"]
