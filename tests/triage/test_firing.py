"""Due clocks fire once, say how late they are, and start the team's escalation policy."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import Engine

from leitstand.model import ClockName, ClockState, NoticeType, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, timeline
from triage.firing import Fired, fire_due, next_fire_at

MINUTE = timedelta(minutes=1)


def sweep(database: Engine, minutes: float, limit: int = 500) -> Fired:
    with database.begin() as connection:
        return fire_due(connection, policy(), NOW + minutes * MINUTE, limit)


def test_a_warning_and_then_the_breach_fire_once_each(database: Engine) -> None:
    run(database, [one(mention(1))])  # sev2: acknowledge 15m, first response 1h
    assert sweep(database, 7).notices == ()
    assert [n.reason[:20] for n in sweep(database, 7.5).notices] == ["acknowledge: 50% of "]
    assert sweep(database, 11).notices == ()

    (warning,) = sweep(database, 12).notices
    assert (warning.type, warning.target) == (NoticeType.SLA_WARNING, "desk")
    assert warning.reason == (
        "acknowledge: 75% of the time is used, 3m left (due 2026-03-03 09:15 UTC, 15m by SLA default/sev2)"
    )
    assert [n.type for n in sweep(database, 14).notices] == [NoticeType.SLA_WARNING]

    fired = sweep(database, 15)
    assert [(n.type, n.target) for n in fired.notices] == [
        (NoticeType.SLA_BREACHED, "desk"),
        (NoticeType.CASE_ESCALATED, "manager"),
    ]
    assert [(b.clock, b.channel, b.severity) for b in fired.breaches] == [(ClockName.ACKNOWLEDGE, "x", "sev2")]
    assert sweep(database, 16) == Fired()


def test_a_sweep_that_was_away_says_how_late_it_is(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)]).opened
    fired = sweep(database, 7)
    assert fired.delays == ((ClockName.ACKNOWLEDGE, 270.0),)  # its warning was due at 2m30s
    with database.connect() as connection:
        said = [e for e in timeline.read(connection, opened.number) if e.kind == "clock_breached"]
    assert said[0].text == "acknowledge overdue by 2m (due 2026-03-03 09:05 UTC, 5m by SLA default/sev1)"
    assert said[0].data["late_seconds"] == "120.0"


def test_a_post_seen_after_its_deadline_breaches_at_once_without_blaming_the_sweep(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1, minutes=-30), Urgency.CRITICAL)]).opened
    fired = sweep(database, 0)
    assert dict(fired.delays) == {ClockName.ACKNOWLEDGE: 0.0, ClockName.FIRST_RESPONSE: 0.0}
    with database.connect() as connection:
        said = [e.text for e in timeline.read(connection, opened.number) if e.kind == "clock_breached"]
    assert all(text.endswith("; it was past due when the post was seen") for text in said)


def test_two_sweeps_at_once_fire_each_clock_once(database: Engine) -> None:
    run(database, [one(mention(n)) for n in range(1, 101)])
    together = Barrier(2)

    def work() -> list[Fired]:
        together.wait()
        return [sweep(database, 15, limit=10) for _ in range(10)]

    with ThreadPoolExecutor(2) as pool:
        fired = [f for future in [pool.submit(work) for _ in range(2)] for f in future.result()]
    fired.append(sweep(database, 15))
    breached = [n.case.number for f in fired for n in f.notices if n.type is NoticeType.SLA_BREACHED]
    assert sorted(breached) == sorted(set(breached))
    assert len(breached) == 100


def test_the_next_moment_is_known(database: Engine) -> None:
    with database.connect() as connection:
        assert next_fire_at(connection) is None
    run(database, [one(mention(1))])
    with database.connect() as connection:
        assert next_fire_at(connection) == NOW + 7.5 * MINUTE


def test_a_breached_clock_makes_the_case_red(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1))]).opened
    notices = sweep(database, 15).notices
    assert {n.case.traffic_light for n in notices} == {"red"}
    assert notices[0].case.revision == 2
    with database.connect() as connection:
        stored = clocks.read(connection, [opened.number])[opened.number]
    assert stored[ClockName.ACKNOWLEDGE].state is ClockState.BREACHED
    assert stored[ClockName.FIRST_RESPONSE].state is ClockState.RUNNING
