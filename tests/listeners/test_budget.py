"""What may still be read: counted by the UTC day."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from listeners import budget
from listeners.budget import Budget, DayBudget

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def test_a_new_day_begins_with_nothing_used() -> None:
    spent = DayBudget(100).spent(70, NOW)
    assert (spent.left(NOW), spent.share_left(NOW)) == (30, 0.3)
    assert spent.left(NOW + timedelta(minutes=30)) == 100
    assert spent.told(NOW, "half") == Budget(30, 100, datetime(2026, 3, 3, tzinfo=UTC), "half")


def test_without_a_limit_nothing_is_told() -> None:
    spent = DayBudget(0).spent(10**9, NOW)
    assert (spent.left(NOW), spent.share_left(NOW), spent.told(NOW)) == (None, 1.0, None)


@given(st.integers(1, 10**6), st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 86400)), max_size=20))
def test_it_never_gives_more_than_is_left(allowed: int, reads: list[tuple[int, int]]) -> None:
    day, now = DayBudget(allowed), NOW
    by_day: dict[str, int] = {}
    for count, seconds in reads:
        now += timedelta(seconds=seconds)
        day = day.spent(count, now)
        by_day[day.day] = by_day.get(day.day, 0) + count
        assert day.left(now) == max(0, allowed - by_day[day.day])


def test_the_table_shows_the_least_of_the_parts_and_a_period_that_is_over_anew(database: Engine) -> None:
    tomorrow = budget.next_day(NOW)
    with database.begin() as connection:
        budget.keep(connection, "x", "stream", Budget(5, 100, tomorrow, "no catch-up"))
        budget.keep(connection, "x", "stream", Budget(4, 100, tomorrow))
        budget.keep(connection, "x", "mentions", Budget(50, 60, tomorrow))
        assert budget.remaining(connection, NOW) == {"x": 4}
        assert budget.remaining(connection, tomorrow) == {"x": 60}
        assert Budget(4, 100, tomorrow) in budget.budgets(connection, NOW)["x"]


def test_a_watchlist_s_share_is_its_own_and_no_limit_of_the_others(database: Engine) -> None:
    tomorrow = budget.next_day(NOW)
    with database.begin() as connection:
        budget.keep(connection, "x", "", Budget(50, 100, tomorrow))
        budget.keep(connection, "x", "watchlist cloud", Budget(0, 5, tomorrow, "over"))
        budget.keep(connection, "y", "watchlist cloud", Budget(3, 5, tomorrow))
        assert budget.remaining(connection, NOW) == {"x": 50}
        assert budget.shares(connection, NOW) == {("x", "cloud"): 0, ("y", "cloud"): 3}
        assert budget.shares(connection, tomorrow) == {("x", "cloud"): 5, ("y", "cloud"): 5}
        found = budget.budgets(connection, NOW)["x"]
    assert [b.note for b in budget.of_part(found, "watchlist cloud")] == ["over"]
    assert [b.remaining for b in budget.of_part(found, "mentions")] == [50]
