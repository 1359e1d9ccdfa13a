"""More than so many posts or cases within a while, in rules and in steps."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import records, timeline
from triage.counting import Alike
from triage.policy import Policy
from triage.runs.advancing import advance_due

MINUTE = timedelta(minutes=1)


def counting(**count: object) -> Policy:
    asked = {"more_than": 2, "within": "10m", **count}
    return policy(rules=[{"name": "many", "when": {"count": asked}, "then": {"tags": ["many"]}}])


def tagged(database: Engine, number: int) -> bool:
    with database.connect() as connection:
        return records.read(connection, [number])[number].tags == ("many",)


def opened(database: Engine, rules: Policy, number: int, minutes: float, **more: object) -> int:
    item = mention(number, minutes=minutes, words=f"thing {number * 7919} broke", **more)  # type: ignore[arg-type]
    return next((o.number for o in run(database, [one(item)], rules, at=NOW + minutes * MINUTE).opened), 0)


@pytest.mark.parametrize(
    ("count", "others", "holds"),
    [
        ({"per": "channel"}, {}, True),
        ({"per": "channel"}, {"channel": "blog"}, False),
        ({"per": "watchlist"}, {"channel": "blog"}, True),
        ({"per": "watchlist"}, {"watchlists": ("brand",)}, False),
        ({"per": "team"}, {"channel": "blog"}, True),
        ({"per": "team"}, {"watchlists": ("brand",)}, False),
        ({"per": "author"}, {}, False),
        ({"per": "author", "of": "cases", "more_than": 1}, {"author": "author9", "watchlists": ("brand",)}, True),
        ({"per": "channel", "of": "cases"}, {}, True),
        ({"per": "channel", "more_than": 3}, {}, False),
        ({"per": "channel", "within": "4m"}, {}, False),
    ],
)
def test_what_is_counted(database: Engine, count: dict[str, object], others: dict[str, object], *, holds: bool) -> None:
    rules = counting(**count)
    for number, minutes in ((1, -6), (2, -5)):
        opened(database, rules, number, minutes, **others)
    assert tagged(database, opened(database, rules, 9, 0)) is holds


def test_posts_of_one_author_are_counted_one_after_another(database: Engine) -> None:
    rules = counting(per="author")
    first = opened(database, rules, 1, 0, author="ann")
    for number in (2, 3):
        run(database, [one(mention(number, author="ann", minutes=number))], rules, at=NOW + number * MINUTE)
    assert tagged(database, first), "the third joined the case and brought its tag"


def test_a_batch_counts_as_if_each_came_by_itself(database: Engine) -> None:
    rules = counting(per="channel")
    items = [one(mention(n, minutes=n / 10, words=f"thing {n * 7919} broke")) for n in range(1, 5)]
    numbers = [case.number for case in run(database, items, rules, at=NOW + MINUTE).opened]
    assert [tagged(database, number) for number in numbers] == [False, False, True, True]


def test_who_shares_what() -> None:
    ann = Alike(("cloud", "brand"), "x", "7", "@Ann", "t")
    assert ann.shares(Alike(("brand",), "blog", "", "", "u"), "watchlist")
    assert ann.shares(Alike((), "x", "7", "@ann", ""), "author")
    assert not ann.shares(Alike((), "blog", "7", "@ann", ""), "author")
    assert not ann.shares(Alike((), "x", "8", "@ann", ""), "author")
    assert not ann.shares(Alike((), "x", "7", "@anna", ""), "author")
    assert not ann.shares(Alike(("cloud",), "x", "7", "@ann", "u"), "team")


def test_a_step_waits_until_there_are_more(database: Engine) -> None:
    only = {"count": {"of": "cases", "per": "watchlist", "more_than": 2, "within": "30m"}, "otherwise": "wait"}
    rules = policy(escalation={"sev1": {"steps": [{"notify": "desk", "after": "1m", "only": only}]}})
    first = run(database, [one(mention(1, words="one thing"), Urgency.CRITICAL)], rules).opened[0].number
    with database.begin() as connection:
        assert advance_due(connection, rules, NOW + MINUTE).notices == ()
        assert timeline.read(connection, first)[-1].text.endswith(
            "waits: 1 cases per watchlist within 30m, not more than 2"
        )
    for number in (2, 3):
        opened(database, rules, number, number)
    with database.begin() as connection:
        told = advance_due(connection, rules, NOW + 4 * MINUTE).notices
    assert [(n.target, n.case.number) for n in told] == [("desk", first)]
