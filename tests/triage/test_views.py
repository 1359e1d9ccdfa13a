"""Lists, pages and sums of cases."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from leitstand.errors import InputError, NotFoundError
from leitstand.model import ClockName, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage.actions import act
from triage.views import (
    Filters,
    Page,
    list_cases,
    load_case,
    most_urgent,
    open_cases,
    seconds_to_next_breach,
    to_review,
)

POLICY = policy()


def page(database: Engine, filters: Filters = Filters(), cursor: str = "", limit: int = 50) -> Page:  # noqa: B008
    with database.connect() as connection:
        return list_cases(connection, filters, POLICY, NOW, cursor=cursor, limit=limit)


def test_pages_show_each_case_once_also_while_new_ones_come(database: Engine) -> None:
    numbers = [o.number for o in run(database, [one(mention(n)) for n in range(1, 6)]).opened]
    first = page(database, limit=2)
    run(database, [one(mention(9))])
    second = page(database, cursor=first.next or "", limit=2)
    third = page(database, cursor=second.next or "", limit=2)
    assert [c.number for p in (first, second, third) for c in p.cases] == sorted(numbers, reverse=True)
    assert third.next is None


def test_filters(database: Engine) -> None:
    items = [one(mention(1), Urgency.CRITICAL), one(mention(2, channel="blog", watchlists=("brand",)), Urgency.NORMAL)]
    run(database, items)
    assert [c.channel for c in page(database, Filters(severities=("sev1",))).cases] == ["x"]
    assert [c.channel for c in page(database, Filters(channel="blog")).cases] == ["blog"]
    assert [c.team for c in page(database, Filters(team="cloud-support")).cases] == ["cloud-support"]
    assert page(database, Filters(states=("resolved",))).cases == ()
    assert len(page(database, Filters(states=("new", "open"))).cases) == 2


def test_a_made_up_cursor_is_refused(database: Engine) -> None:
    for cursor in ("!", "abc", "LTU", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "ü"):
        with pytest.raises(InputError):
            page(database, cursor=cursor)


def test_the_worst_and_soonest_come_first(database: Engine) -> None:
    items = [
        one(mention(1), Urgency.NORMAL),
        one(mention(2, minutes=-1), Urgency.CRITICAL),
        one(mention(3, minutes=-2), Urgency.CRITICAL),
    ]
    run(database, items)
    with database.connect() as connection:
        shown = [c.posted_at - NOW for c in most_urgent(connection, POLICY, NOW)]
    assert shown == [timedelta(minutes=m) for m in (-2, -1, 0)]


def test_a_case_comes_with_its_timeline_and_mentions(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1))]).opened
    run(database, [one(mention(2, parent="post1"))])
    with database.connect() as connection:
        detail = load_case(connection, opened.number, POLICY, NOW)
        assert (detail.mentions, [e.kind for e in detail.events]) == ((1, 2), ["opened", "joined"])
        with pytest.raises(NotFoundError, match="there is no case 99"):
            load_case(connection, 99, POLICY, NOW)


def test_sums(database: Engine) -> None:
    run(database, [one(mention(1), Urgency.CRITICAL), one(mention(2), Urgency.CRITICAL)])
    (third,) = run(database, [one(mention(3))]).opened
    with database.begin() as connection:
        act(connection, third.number, "close", actor="eve", now=NOW, policy=POLICY)
        sums = [(o.severity, o.channel, o.state, o.count) for o in open_cases(connection)]
        next_breach = seconds_to_next_breach(connection, NOW + timedelta(minutes=6))
    assert sums == [("sev1", "x", "new", 2)]
    assert next_breach[ClockName.ACKNOWLEDGE] == -60
    assert next_breach[ClockName.FIRST_RESPONSE] == 540


def test_cases_that_wait_for_a_person_are_counted_while_they_are_open(database: Engine) -> None:
    numbers = [opened.number for opened in run(database, [one(mention(n)) for n in (1, 2, 3)]).opened]
    with database.begin() as connection:
        assert to_review(connection) == 0
        connection.execute(text("UPDATE cases SET review = 'not sure' WHERE number = ANY(:n)"), {"n": numbers[:2]})
        act(connection, numbers[0], "close", actor="eve", now=NOW, policy=POLICY)
        assert to_review(connection) == 1
