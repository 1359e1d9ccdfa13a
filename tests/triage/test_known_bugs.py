"""What went wrong with deadlines elsewhere, one test each, named after the bug: it must not go wrong here."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from leitstand.model import ClockName, ClockState, NoticeType, Urgency
from leitstand.settings import Settings
from tests.triage.berlin import OFFICE, berlin
from tests.triage.building import NOW, SETTINGS, mention, one, policy, run
from triage import clocks
from triage.actions import act
from triage.checks import problems
from triage.clocks import Clocks
from triage.firing import Fired, fire_due, next_fire_at
from triage.policy import Policy
from triage.views import load_case

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SLA = [{"acknowledge": "10m", "first_response": "1h", "next_response": "30m", "resolution": "8h"}]
POLICY = policy(sla=SLA)


@pytest.fixture
def number(database: Engine) -> int:
    """An open case of the author ann."""
    (opened,) = run(database, [one(mention(1, author="ann"))], POLICY).opened
    return opened.number


def do(database: Engine, number: int, action: str, minutes: float, rules: Policy = POLICY, **words: str) -> None:
    with database.begin() as connection:
        act(connection, number, action, actor="eve", now=NOW + minutes * MINUTE, policy=rules, **words)


def hear(database: Engine, number: int, minutes: float, urgency: Urgency, *, own: bool = False) -> None:
    """One more post of the conversation: the author's, or our own account's."""
    post = mention(number, author="acme" if own else "ann", root="post1", minutes=minutes, own=own)
    run(database, [one(post, urgency)], POLICY, at=NOW + minutes * MINUTE)


def sweep(database: Engine, minutes: float, rules: Policy = POLICY) -> Fired:
    with database.begin() as connection:
        return fire_due(connection, rules, NOW + minutes * MINUTE)


def of(database: Engine, number: int) -> Clocks:
    with database.connect() as connection:
        return clocks.read(connection, [number])[number]


def test_zammad_5177_the_update_time_overrules_the_first_response(database: Engine, number: int) -> None:
    hear(database, 2, 20, Urgency.NORMAL)
    assert ClockName.NEXT_RESPONSE not in of(database, number)
    assert of(database, number)[ClockName.FIRST_RESPONSE].due_at == NOW + HOUR


def test_zammad_3140_escalates_after_the_agent_has_answered(database: Engine, number: int) -> None:
    do(database, number, "reply", 5, text="We are looking into it.")
    fired = sweep(database, 61)
    assert not [n for n in fired.notices if "response" in n.reason]
    assert of(database, number)[ClockName.FIRST_RESPONSE].state is ClockState.MET


def test_zammad_1322_the_customers_note_does_not_restart_the_clock(database: Engine, number: int) -> None:
    do(database, number, "reply", 5, text="What is your order number?")
    hear(database, 2, 100, Urgency.NORMAL)
    running = of(database, number)[ClockName.NEXT_RESPONSE]
    assert (running.state, running.due_at) == (ClockState.RUNNING, NOW + 130 * MINUTE)


def test_zammad_904_a_case_that_is_over_stays_escalated(database: Engine, number: int) -> None:
    sweep(database, 11)
    do(database, number, "close", 12, text="the same as another case")
    assert sweep(database, 5000) == Fired()
    assert all(clock.fire_at is None and clock.ended_at is not None for clock in of(database, number).values())


def test_zammad_4432_reminders_at_midnight_and_on_weekends(database: Engine) -> None:
    rules = policy(
        calendars={"office": {"timezone": "Europe/Berlin", "hours": OFFICE}},
        sla=[{"first_response": "1h", "calendar": "office"}],
    )
    friday = berlin("2026-03-06 17:30")
    post = mention(1, minutes=(friday - NOW) / MINUTE)
    run(database, [one(post)], rules, at=friday)
    told = []
    with database.begin() as connection:
        while (at := next_fire_at(connection)) is not None:
            said = [n.reason.partition(" (")[0] for n in fire_due(connection, rules, at).notices]
            told += [(f"{at.astimezone(ZoneInfo('Europe/Berlin')):%a %H:%M}", words) for words in said]
    assert told == [
        ("Fri 18:00", "first response: 50% of the time is used, 30m left"),
        ("Mon 08:15", "first response: 75% of the time is used, 15m left"),
        ("Mon 08:24", "first response: 90% of the time is used, 6m left"),
        ("Mon 08:30", "first response overdue by 0s"),
        ("Mon 08:30", "escalation late, step 1/1: the first response is overdue"),
        ("Mon 09:00", "first response still overdue, by 30m"),
        ("Mon 09:30", "first response still overdue, by 1h"),
    ]


def test_zammad_overlapping_slas_are_undefined() -> None:
    overlapping = [{"name": "a", "channels": ["x"]}, {"name": "b", "severity": ["sev1"]}]
    found = list(problems(Settings.model_validate({**SETTINGS, "sla": overlapping})))
    assert [p.path for p in found] == ["sla.1", "sla.0"]
    assert "equally specific" in found[0].message


def test_chatwoot_13392_wall_clock_although_only_business_hours_were_set(database: Engine) -> None:
    rules = policy(
        calendars={"office": {"timezone": "Europe/Berlin", "hours": OFFICE}},
        sla=[{"resolution": "2h", "calendar": "office"}],
    )
    start = berlin("2026-03-06 17:00")
    (opened,) = run(database, [one(mention(1, minutes=(start - NOW) / MINUTE))], rules, at=start).opened
    assert of(database, opened.number)[ClockName.RESOLUTION].due_at == berlin("2026-03-09 09:00")


def test_chatwoot_9798_and_14009_lunch_breaks_are_impossible(database: Engine) -> None:
    rules = policy(
        calendars={"office": {"timezone": "Europe/Berlin", "hours": OFFICE}},
        sla=[{"resolution": "30m", "calendar": "office"}],
    )
    start = berlin("2026-03-06 11:45")
    (opened,) = run(database, [one(mention(1, minutes=(start - NOW) / MINUTE))], rules, at=start).opened
    assert of(database, opened.number)[ClockName.RESOLUTION].due_at == berlin("2026-03-06 13:15")


def test_chatwoot_10178_the_next_response_counts_on_after_resolving_and_thanks_restart_it(
    database: Engine, number: int
) -> None:
    do(database, number, "reply", 5, text="It works again.")
    hear(database, 2, 10, Urgency.NORMAL)
    do(database, number, "resolve", 15)
    ended = of(database, number)[ClockName.NEXT_RESPONSE]
    assert (ended.state, ended.ended_at) == (ClockState.IDLE, NOW + 15 * MINUTE)
    do(database, number, "reopen", 20)
    hear(database, 3, 30, Urgency.NONE)  # "thanks!" needs no answer
    assert of(database, number)[ClockName.NEXT_RESPONSE] == ended
    hear(database, 4, 40, Urgency.NORMAL)
    assert of(database, number)[ClockName.NEXT_RESPONSE].due_at == NOW + 70 * MINUTE


def test_chatwoot_15024_misses_grow_after_the_resolution(database: Engine, number: int) -> None:
    sweep(database, 500)
    do(database, number, "resolve", 510)
    before = of(database, number)
    assert sweep(database, 10_000) == Fired()
    assert of(database, number) == before
    assert before[ClockName.RESOLUTION].ended_at == NOW + 510 * MINUTE


def test_chatwoot_6889_nothing_happens_on_a_breach(database: Engine, number: int) -> None:
    types = [(n.type, n.target) for n in sweep(database, 10).notices]
    assert types == [(NoticeType.SLA_BREACHED, "desk"), (NoticeType.CASE_ESCALATED, "manager")]


def test_chatwoot_a_late_first_reply_is_a_hit(database: Engine, number: int) -> None:
    hear(database, 2, 70, Urgency.NONE, own=True)
    late = of(database, number)[ClockName.FIRST_RESPONSE]
    assert (late.state, late.ended_at) == (ClockState.BREACHED, NOW + 70 * MINUTE)


def test_salesforce_a_reopened_case_escalates_at_once(database: Engine, number: int) -> None:
    do(database, number, "resolve", 30)
    do(database, number, "reopen", 100_000)
    assert sweep(database, 100_000).breaches == ()
    with database.connect() as connection:
        kinds = [event.kind for event in load_case(connection, number, POLICY, NOW).events]
    assert kinds.count("resolved") == kinds.count("reopened") == 1


def test_salesforce_a_breach_that_is_queued_is_not_cancelled_by_a_pause(database: Engine, number: int) -> None:
    do(database, number, "pause", 5, text="which order?")
    assert sweep(database, 10_000) == Fired()
