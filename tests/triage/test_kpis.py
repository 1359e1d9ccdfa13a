"""Figures of a period, counted by hand beside."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage.actions import act
from triage.firing import fire_due
from triage.kpis import Kept, Kpi, Spread, kpis

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
POLICY = policy(
    customers={"gold": {"accounts": ["x:ann"], "contract": True}},
    sla=[{"acknowledge": "10m", "first_response": "1h", "next_response": "30m", "resolution": "8h"}],
)


def do(database: Engine, number: int, action: str, minutes: float, **words: str) -> None:
    with database.begin() as connection:
        act(connection, number, action, actor="eve", now=NOW + minutes * MINUTE, policy=POLICY, **words)


@pytest.fixture
def told(database: Engine) -> dict[tuple[str, str], Kpi]:
    """Three cases of a day and one of the next, with their lives; the rows by dimension and value."""
    ann, bob, cem = (
        opened.number
        for opened in run(
            database,
            [
                one(mention(1, author="ann")),
                one(mention(2, author="bob", channel="blog"), Urgency.CRITICAL),
                one(mention(3, author="cem", watchlists=("brand",)), Urgency.NORMAL),
            ],
            POLICY,
        ).opened
    )
    do(database, ann, "reply", 5, text="On it.")
    run(
        database, [one(mention(11, author="ann", root="post1", minutes=10), Urgency.NORMAL)], POLICY, at=NOW + DAY / 144
    )
    do(database, ann, "reply", 20, text="Done?")
    do(database, ann, "resolve", 60)
    with database.begin() as connection:
        fire_due(connection, POLICY, NOW + 61 * MINUTE)
    late = mention(12, author="acme", own=True, root="post2", channel="blog", minutes=90)
    run(database, [one(late, Urgency.NONE)], POLICY, at=NOW + 95 * MINUTE)
    do(database, bob, "resolve", 120)
    do(database, bob, "reopen", 180)
    do(database, bob, "resolve", 2 * 1440)
    do(database, cem, "acknowledge", 8)
    run(database, [one(mention(4, author="dan", minutes=1440))], POLICY, at=NOW + DAY)
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO case_ratings (case_number, score, comment, rated_at)"
                " VALUES (:a, 5, '', :now), (:b, 2, 'slow', :now)"
            ),
            {"a": ann, "b": bob, "now": NOW},
        )
        rows = kpis(connection, NOW - DAY, NOW + 7 * DAY, BERLIN, ["gold"])
    return {(row.dimension, row.value): row for row in rows}


def test_the_whole_period(told: dict[tuple[str, str], Kpi]) -> None:
    whole = told["all", ""]
    assert (whole.cases, whole.resolved, whole.same_day, whole.reopened) == (4, 2, 2, 1)
    assert (whole.posts, whole.contract_customers) == (5, 1)
    assert (whole.escalated, whole.escalation_rate) == (1, 0.25)
    assert (whole.acknowledge.median, whole.acknowledge.p90) == pytest.approx((8 * 60, (8 + 0.8 * 112) * 60))
    assert whole.first_response == Spread(median=(5 + 90) / 2 * 60, p90=(5 + 0.9 * 85) * 60)
    assert whole.resolution == Spread(median=(60 + 2880) / 2 * 60, p90=(60 + 0.9 * 2820) * 60)
    assert whole.days_to_close == pytest.approx((60 + 2880) / 2 / 1440)
    assert (whole.ratings, whole.satisfaction) == (2, 3.5)
    assert whole.clocks == {
        "acknowledge": Kept(2, 1),
        "first_response": Kept(1, 2),
        "next_response": Kept(1, 0),
        "resolution": Kept(1, 1),
    }
    assert whole.clocks["acknowledge"].share == pytest.approx(2 / 3)


def test_each_dimension_adds_up(told: dict[tuple[str, str], Kpi]) -> None:
    values = {d: sorted(v for dimension, v in told if dimension == d) for d, _ in told}
    assert values == {
        "all": [""],
        "day": ["2026-03-03", "2026-03-04"],
        "channel": ["blog", "x"],
        "team": ["cloud-support", "default"],
        "severity": ["sev1", "sev2", "sev4"],
        "contract": ["contract", "no contract"],
    }
    for dimension, found in values.items():
        assert sum(told[dimension, value].cases for value in found) == 4
        assert sum(told[dimension, value].posts for value in found) == 5
    assert [told["contract", value].contract_customers for value in ("contract", "no contract")] == [1, 0]
    assert told["contract", "contract"].first_response == Spread(300, 300)
    assert told["channel", "blog"].clocks["first_response"] == Kept(0, 1)
    assert told["day", "2026-03-04"].same_day_rate is None


def test_a_period_with_nothing_has_no_rows(database: Engine) -> None:
    with database.connect() as connection:
        assert kpis(connection, NOW, NOW + DAY, BERLIN) == []
