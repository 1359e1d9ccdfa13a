"""How each part of a listener is, as its reports say."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from listeners.cursors import ListenerState, forget, hearing, looking_again, report_status, states

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_an_error_keeps_the_last_success_and_counts_as_lag(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "blogs", "a", error="", last_post_at=NOW - MINUTE, now=NOW)
        report_status(connection, "blogs", "a", error="410", last_post_at=None, now=NOW + MINUTE)
        [state] = states(connection)
    assert state == ListenerState("blogs", "a", False, "410", NOW, NOW - MINUTE, NOW + MINUTE)
    assert state.lag(NOW + 2 * MINUTE) == 120


def test_a_success_clears_the_error_and_the_newest_post_stays(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "blogs", "a", error="410", last_post_at=NOW, now=NOW)
        report_status(connection, "blogs", "a", error="", last_post_at=NOW - MINUTE, now=NOW)
        [state] = states(connection)
    assert (state.up, state.error, state.last_post_at, state.lag(NOW + MINUTE)) == (True, "", NOW, 0)


def test_a_part_that_reports_clears_the_whole_listeners_error_but_not_another_parts(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "blogs", "", error="internal error", last_post_at=None, now=NOW)
        report_status(connection, "blogs", "a", error="410", last_post_at=None, now=NOW)
        report_status(connection, "other", "", error="", last_post_at=None, now=NOW)
        report_status(connection, "blogs", "b", error="", last_post_at=None, now=NOW)
        assert [(s.listener, s.part, s.up) for s in states(connection)] == [
            ("blogs", "a", False), ("blogs", "b", True), ("other", "", True),
        ]  # fmt: skip


def test_the_same_news_within_a_second_writes_nothing(database: Engine) -> None:
    with database.begin() as connection:
        for milliseconds in (0, 400, 900, 1500):
            at = NOW + timedelta(milliseconds=milliseconds)
            report_status(connection, "api", "", error="", last_post_at=None, now=at)
            expected = at if milliseconds in (0, 1500) else NOW
            assert states(connection)[0].updated_at == expected


def test_that_it_has_caught_up_is_news_at_once(database: Engine) -> None:
    with database.begin() as connection:
        for caught_up in (False, True):
            report_status(connection, "x", "", error="", last_post_at=None, now=NOW, caught_up=caught_up)
            assert states(connection)[0].caught_up is caught_up


def test_a_part_that_is_configured_no_more_is_forgotten_and_no_other(database: Engine) -> None:
    with database.begin() as connection:
        for part, next_at in (("", None), ("old", None), ("slow", NOW + 90 * MINUTE)):
            report_status(connection, "x", part, error="", last_post_at=None, now=NOW, next_at=next_at)
        report_status(connection, "x", "new", error="", last_post_at=None, now=NOW + 60 * MINUTE)
        report_status(connection, "y", "old", error="", last_post_at=None, now=NOW)
        assert forget(connection, "x", NOW + 30 * MINUTE) == ["old"]
        assert [(s.listener, s.part) for s in states(connection)] == [
            ("x", ""),
            ("x", "new"),
            ("x", "slow"),
            ("y", "old"),
        ]


def test_a_watchlist_that_was_left_out_does_not_make_its_listener_deaf(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "x", "", error="", last_post_at=None, now=NOW)
        report_status(connection, "x", "watchlist cloud", error="its share is used up", last_post_at=None, now=NOW)
        assert [(s.part, s.up) for s in hearing(connection)] == [("", True)]
        assert len(states(connection)) == 2


def test_looking_again_makes_no_listener_deaf_and_none_well(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "x", "", error="HTTP 503", last_post_at=None, now=NOW)
        report_status(connection, "x", "recheck", error="", last_post_at=None, now=NOW)
        report_status(connection, "reddit", "r/acme", error="", last_post_at=None, now=NOW)
        report_status(connection, "reddit", "recheck", error="HTTP 403", last_post_at=None, now=NOW)
        assert [(s.listener, s.up) for s in hearing(connection)] == [("reddit", True), ("x", False)]
        assert looking_again(connection) == {"reddit": False, "x": True}
        assert {s.part: s.error for s in states(connection) if s.listener == "reddit"}["recheck"] == "HTTP 403"
