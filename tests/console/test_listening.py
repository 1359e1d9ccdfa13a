"""What `leitstand listeners status` says of each part."""

from datetime import UTC, datetime, timedelta

from console.offline.listening import PartStatus, put_together
from listeners.budget import Budget
from listeners.cursors import ListenerState
from listeners.gaps import Gap

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_part_with_its_gaps_budget_and_error() -> None:
    state = ListenerState("x", "stream", False, "HTTP 503", NOW - 3 * MINUTE, NOW - 9 * MINUTE, NOW, True, NOW + MINUTE)
    gaps = [
        Gap("x", "", NOW - 60 * MINUTE, NOW - 58 * MINUTE, "it was stopped", NOW),
        Gap("x", "stream", NOW - 3 * MINUTE, None, "HTTP 503"),
        Gap("x", "mentions", NOW - 9 * MINUTE, None, "another part's"),
    ]
    budgets = {"x": [Budget(500, 900, NOW), Budget(7, 100, NOW, "no catch-up until midnight")]}
    assert put_together(["x", "new"], [state], gaps, budgets, NOW) == [
        PartStatus(
            "x", "stream", "down", "HTTP 503", NOW - 3 * MINUTE, NOW - 9 * MINUTE, 180, 300, 180, "HTTP 503",
            NOW + MINUTE, 7, 100, NOW, "no catch-up until midnight",
        ),
        PartStatus("new", "", "no word yet", ""),
    ]  # fmt: skip


def test_who_fetches_what_was_missed_is_catching_up() -> None:
    state = ListenerState("m", "", True, "", NOW, None, NOW, caught_up=False)
    [line] = put_together(["m"], [state], [], {}, NOW)
    assert (line.state, line.gap_seconds, line.budget_remaining) == ("catching up", 0, None)


def test_looking_again_misses_nothing() -> None:
    states = [ListenerState("m", part, True, "", NOW, None, NOW) for part in ("", "recheck")]
    lines = put_together(["m"], states, [Gap("m", "", NOW - MINUTE, NOW, "it was stopped", NOW)], {}, NOW)
    assert {line.part: line.gap_seconds for line in lines} == {"": 60, "recheck": 0}


def test_what_is_configured_no_more_is_shown_only_while_it_is_heard() -> None:
    gone = ListenerState("old", "", False, "no process runs this listener", NOW, None, NOW)
    replayed = ListenerState("replay", "", True, "", NOW, None, NOW)
    assert [line.listener for line in put_together([], [gone, replayed], [], {}, NOW)] == ["replay"]
