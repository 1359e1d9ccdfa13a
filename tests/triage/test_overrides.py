"""Who stands in: entered at the desk, it wins over the file and the turns, and can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from leitstand.errors import InputError, NotFoundError
from leitstand.model import Intent, Urgency
from leitstand.settings import Rota
from tests.triage.building import NOW, SETTINGS, mention, one, policy, run
from triage import overrides
from triage.overrides import StandIn
from triage.policy import Policy
from triage.rota import compiled
from triage.runs.whom import targets

HOUR = timedelta(hours=1)
ROTAS = {"cloud": {"people": ["desk", "manager"], "timezone": "Europe/Berlin"}}
TEAMS = {"cloud-support": {"forward": [], "rota": "cloud"}}
ESCALATION = {"sev1": {"steps": [{"notify": "on-call"}, {"after": "1h", "notify": "on-call"}]}}


def made() -> Policy:
    return policy(rotas=ROTAS, teams=TEAMS, escalation=ESCALATION)


def add(database: Engine, person: str, starts: datetime, ends: datetime, rota: str = "cloud") -> StandIn:
    with database.begin() as connection:
        return overrides.add(
            connection, made(), rota=rota, person=person, starts_at=starts, ends_at=ends, actor="eve", now=NOW
        )


def on_call(database: Engine, at: datetime) -> tuple[str, ...]:
    with database.connect() as connection:
        return targets("on-call", "cloud-support", overrides.applied(connection, made(), NOW), at)


def test_who_stands_in_is_told_instead(database: Engine) -> None:
    before = on_call(database, NOW)
    first = add(database, "sev1-group", NOW, NOW + 2 * HOUR)
    add(database, "manager", NOW + HOUR, NOW + 2 * HOUR)
    assert [on_call(database, NOW + n * HOUR / 2) for n in (0, 1, 2, 4)] == [
        ("sev1-group",), ("sev1-group",), ("manager",), before,
    ]  # fmt: skip
    with database.begin() as connection:
        overrides.remove(connection, first.id, actor="eve")
    assert on_call(database, NOW) == before
    with database.begin() as connection:
        with pytest.raises(NotFoundError):
            overrides.remove(connection, first.id, actor="bob")
        overrides.restore(connection, first.id, now=NOW)
        with pytest.raises(NotFoundError):
            overrides.restore(connection, first.id, now=NOW)
    assert on_call(database, NOW) == ("sev1-group",)


def test_a_page_goes_to_who_stands_in(database: Engine) -> None:
    add(database, "sev1-group", NOW - HOUR, NOW + HOUR)
    told = run(database, [one(mention(1), Urgency.CRITICAL, Intent.SAFETY)], made()).notices
    assert [notice.target for notice in told] == ["sev1-group"]


def test_what_is_listed_holds_or_will(database: Engine) -> None:
    add(database, "manager", NOW + HOUR, NOW + 2 * HOUR)
    add(database, "desk", NOW, NOW + HOUR)
    with database.connect() as connection:
        assert [one.person for one in overrides.listed(connection, NOW)] == ["desk", "manager"]
        assert [one.person for one in overrides.listed(connection, NOW + HOUR)] == ["manager"]


def test_what_cannot_be_is_refused(database: Engine) -> None:
    for person, starts, ends in (
        ("nobody", NOW, NOW + HOUR),
        ("desk", NOW, NOW),
        ("desk", NOW - 2 * HOUR, NOW - HOUR),
        ("desk", NOW, NOW + timedelta(days=61)),
    ):
        with pytest.raises(InputError):
            add(database, person, starts, ends)
    with pytest.raises(NotFoundError, match="known: cloud"):
        add(database, "desk", NOW, NOW + HOUR, rota="night")
    with database.begin() as connection:
        with pytest.raises(NotFoundError):
            overrides.remove(connection, 99, actor="eve")
        with pytest.raises(NotFoundError):
            overrides.restore(connection, 99, now=NOW)


def test_nothing_is_asked_where_there_is_no_rota(database: Engine) -> None:
    plain = policy(**SETTINGS)
    with database.connect() as connection:
        assert overrides.applied(connection, plain, NOW) is plain


def test_who_comes_next_and_when() -> None:
    turns = compiled(Rota(people=["anna", "ben"], timezone="Europe/Berlin"))
    at = datetime(2026, 3, 26, 12, tzinfo=UTC)
    now, then = turns.on_call(at), turns.next_change(at)
    assert then == (datetime(2026, 3, 30, 7, tzinfo=UTC), "ben" if now == "anna" else "anna"), "09:00 in summer time"
    assert compiled(Rota(people=["anna"])).next_change(at) is None
    start, end = at + HOUR, at + 3 * HOUR
    stand_in = {"start": start, "end": end, "person": "cleo"}
    once = compiled(Rota.model_validate({"people": ["anna"], "overrides": [stand_in]}))
    assert (once.next_change(at), once.next_change(start)) == ((start, "cleo"), (end, "anna"))


@given(st.timedeltas(timedelta(0), timedelta(days=400)), st.integers(1, 4))
def test_nobody_else_is_on_call_before_the_next(later: timedelta, people: int) -> None:
    at = NOW + later
    turns = compiled(Rota(people=["anna", "ben", "cleo", "dan"][:people], timezone="Europe/Berlin"))
    found = turns.next_change(at)
    if found is None:
        assert people == 1
        return
    moment, person = found
    assert turns.on_call(moment) == person != turns.on_call(at)
    assert turns.on_call(moment - timedelta(seconds=1)) == turns.on_call(at)


def test_a_team_that_is_written_nowhere_has_no_rota() -> None:
    rules = made()
    assert rules.rota_of("cloud-support") is not None
    assert rules.rota_of("default") is None
