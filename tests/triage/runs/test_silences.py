"""Silences: steps wait for their end and none is skipped; a silence of everything, of nobody or for ever is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import InputError, NotFoundError
from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, run
from tests.triage.runs.running import MINUTE, opened, said, sweep, told, with_sev1
from triage.runs import silences
from triage.runs.silences import Matcher


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
