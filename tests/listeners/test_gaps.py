"""When nobody listened, and whether what was missed was made good."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from listeners import gaps
from listeners.cursors import keep_cursor, report_status, states
from listeners.gaps import Gap

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def heard(connection: Connection, part: str, at: datetime, *, caught_up: bool = True) -> float:
    report_status(connection, "m", part, error="", last_post_at=None, now=at, caught_up=caught_up)
    return gaps.end(connection, "m", part, at, caught_up=caught_up)


def test_a_gap_begins_with_the_last_success_and_is_told_once(database: Engine) -> None:
    with database.begin() as connection:
        heard(connection, "a", NOW)
        gaps.begin(connection, "m", "a", "HTTP 503", NOW + MINUTE)
        gaps.begin(connection, "m", "a", "HTTP 502", NOW + 2 * MINUTE)
        [gap] = gaps.recent(connection, NOW)
    assert gap == Gap("m", "a", NOW, None, "HTTP 503")
    assert gap.length(NOW + 5 * MINUTE) == 5 * MINUTE


def test_words_of_a_server_that_postgresql_cannot_hold_are_told_without(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "m", "a", error="1008 \0no\ud800", last_post_at=None, now=NOW)
        gaps.begin(connection, "m", "a", "1008 \0no\ud800", NOW)
        assert [state.error for state in states(connection)] == ["1008 no"]
        assert [gap.why for gap in gaps.recent(connection, NOW)] == ["1008 no"]
        gaps.end(connection, "m", "a", NOW + MINUTE, caught_up=True, lost="\0gone")
        assert [gap.lost for gap in gaps.recent(connection, NOW)] == ["gone"]


def test_it_ends_when_the_part_is_heard_and_is_filled_when_that_has_caught_up(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "m", "a", "HTTP 503", NOW)
        gaps.begin(connection, "m", "b", "HTTP 503", NOW)
        assert heard(connection, "a", NOW + MINUTE, caught_up=False) == 60
        assert gaps.unfilled(connection, NOW) == {"m": 2}
        assert heard(connection, "a", NOW + 2 * MINUTE) == 0
        first, second = gaps.recent(connection, NOW)
    assert (first.to_at, first.filled_at) == (NOW + MINUTE, NOW + 2 * MINUTE)
    assert (second.part, second.to_at) == ("b", None)


def test_the_whole_listeners_gap_is_filled_when_every_part_has_caught_up(database: Engine) -> None:
    with database.begin() as connection:
        for part in ("a", "b", "dead"):
            heard(connection, part, NOW - MINUTE)
        report_status(connection, "m", "dead", error="410", last_post_at=None, now=NOW)
        gaps.begin(connection, "m", "", "it was stopped", NOW, NOW)
        heard(connection, "a", NOW + MINUTE)
        assert gaps.unfilled(connection, NOW) == {"m": 1}
        heard(connection, "b", NOW + 2 * MINUTE, caught_up=False)
        assert gaps.unfilled(connection, NOW) == {"m": 1}
        heard(connection, "b", NOW + 3 * MINUTE)
        [gap] = gaps.recent(connection, NOW - MINUTE)
    assert (gap.to_at, gap.filled_at) == (NOW + MINUTE, NOW + 3 * MINUTE)


def test_a_part_that_was_not_going_to_look_has_missed_nothing(database: Engine) -> None:
    with database.begin() as connection:
        report_status(connection, "m", "slow", error="", last_post_at=None, now=NOW - MINUTE, next_at=NOW + 60 * MINUTE)
        gaps.begin(connection, "m", "", "it was stopped", NOW, NOW)
        heard(connection, "a", NOW + MINUTE)
        assert gaps.unfilled(connection, NOW) == {}


def test_what_the_source_cannot_get_any_more_is_lost_and_stays_so(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "m", "", "it was stopped", NOW)
        gaps.end(connection, "m", "", NOW + MINUTE, caught_up=True, lost="older than 36 hours")
        gaps.end(connection, "m", "", NOW + 2 * MINUTE, caught_up=True)
        [gap] = gaps.recent(connection, NOW)
        assert gaps.unfilled(connection, NOW) == {"m": 1}
    assert (gap.lost, gap.filled_at) == ("older than 36 hours", None)


def test_a_clock_that_steps_back_gives_no_negative_gap(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "m", "", "x", NOW)
        assert gaps.end(connection, "m", "", NOW - MINUTE, caught_up=True) == 0
        assert gaps.recent(connection, NOW)[0].length(NOW) == timedelta(0)


def test_old_gaps_are_no_longer_shown_but_one_that_lasts_is(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "m", "old", "x", NOW)
        gaps.end(connection, "m", "old", NOW + MINUTE, caught_up=False)
        gaps.begin(connection, "m", "lasts", "x", NOW)
        assert [gap.part for gap in gaps.recent(connection, NOW + timedelta(days=8))] == ["lasts"]
        assert gaps.unfilled(connection, NOW + timedelta(days=8)) == {"m": 1}


def test_a_watchlist_s_share_is_a_gap_by_itself_and_closes_no_other(database: Engine) -> None:
    share, later = "watchlist cloud", NOW + timedelta(minutes=1)
    with database.begin() as connection:
        gaps.begin(connection, "x", "", "it was stopped", NOW)
        gaps.begin(connection, "x", share, "over", NOW)
        gaps.end(connection, "x", share, later, caught_up=True, lost="not fetched")
        whole, own = sorted(gaps.recent(connection, later), key=lambda gap: gap.part)
        assert (whole.to_at, own.to_at, own.lost) == (None, later, "not fetched")
        gaps.end(connection, "x", "", later, caught_up=False)
        gaps.end(connection, "x", share, later, caught_up=True, lost="not fetched")
        whole, _ = sorted(gaps.recent(connection, later), key=lambda gap: gap.part)
        assert (whole.to_at, whole.filled_at, whole.lost) == (later, None, "")


def test_what_was_missed_waits_from_when_it_was_heard_again_until_it_is_there_or_lost(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "x", "", "it was stopped", NOW)
        assert gaps.waiting(connection, NOW + timedelta(hours=9)) == {}
        gaps.end(connection, "x", "", NOW + timedelta(hours=1), caught_up=False)
        assert gaps.waiting(connection, NOW + timedelta(hours=3)) == {"x": 7200.0}
        gaps.end(connection, "x", "", NOW + timedelta(hours=4), caught_up=False, lost="too old")
        assert gaps.waiting(connection, NOW + timedelta(hours=5)) == {}


def test_looking_posts_up_again_has_no_gaps_and_ends_none(database: Engine) -> None:
    with database.begin() as connection:
        gaps.begin(connection, "m", "", "HTTP 503", NOW)
        gaps.begin(connection, "m", "recheck", "HTTP 403", NOW)
        assert heard(connection, "recheck", NOW + MINUTE) == 0
        [gap] = gaps.recent(connection, NOW)
        assert (gap.part, gap.to_at) == ("", None)
        heard(connection, "a", NOW + 2 * MINUTE)
        [gap] = gaps.recent(connection, NOW)
    assert gap.filled_at == NOW + 2 * MINUTE


def test_a_stream_without_a_name_is_a_part_among_others(database: Engine) -> None:
    """X's stream is the part "", its own mentions are another: what they hear says nothing of the stream."""
    with database.begin() as connection:
        keep_cursor(connection, "m", "", "7", NOW)
        heard(connection, "mentions", NOW - MINUTE)
        report_status(connection, "m", "", error="HTTP 503", last_post_at=None, now=NOW)
        gaps.begin(connection, "m", "", "HTTP 503", NOW, NOW)
        assert heard(connection, "mentions", NOW + MINUTE) == 0
        assert [(state.part, state.up) for state in states(connection)] == [("", False), ("mentions", True)]
        assert heard(connection, "", NOW + 2 * MINUTE, caught_up=False) == 120
        heard(connection, "mentions", NOW + 3 * MINUTE)
        assert gaps.unfilled(connection, NOW) == {"m": 1}
        heard(connection, "", NOW + 4 * MINUTE)
        assert gaps.unfilled(connection, NOW) == {}
