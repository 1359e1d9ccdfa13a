"""`leitstand doctor` and `leitstand erase` on real PostgreSQL and Redis."""

from datetime import UTC, datetime, timedelta

from console.health import working
from console.health.finding import State
from escalation_bridge.ledger import TargetSummary
from listeners.cursors import ListenerState
from listeners.pending import Backlog
from tests.console.commanding import Leitstand

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_an_installation_that_does_not_run_is_told_so(handled: Leitstand) -> None:
    ended = handled("doctor", "--json")
    found = {row["part"]: row for row in ended.rows}
    assert found["database"]["state"] == "ok"
    assert found["roles"]["state"] == "warn"
    assert "leitstand run" in found["roles"]["said"]
    assert found["mentions"]["said"] == "0 mentions wait to be assessed"
    assert "part needs a look" in handled("doctor").out or "parts need a look" in handled("doctor").out


def test_clocks_that_disagree_are_named() -> None:
    assert working.clocks(NOW, NOW + timedelta(seconds=1)).state is State.OK
    assert "5s apart" in working.clocks(NOW, NOW + timedelta(seconds=5)).said


def test_what_waits_too_long_or_was_given_up_has_advice() -> None:
    old = NOW - timedelta(minutes=5)
    waiting, parked = working.backlog(Backlog(7, 1, old), NOW)
    assert (waiting.state, parked.state) == (State.WARN, State.WARN)
    assert "workers.processes" in waiting.advice
    dead, rests = working.targets([TargetSummary("desk", 3, 0, 2, old, 4, NOW + timedelta(minutes=1), "401")], NOW)
    assert "leitstand deliveries retry --target desk" in dead.advice
    assert rests.said == "rests for 1m: 401"
    silent = ListenerState("blogs", "https://blog.example/feed", False, "410 Gone", old, None, NOW)
    (heard,) = working.listeners([silent], NOW)
    assert heard.said == "not heard for 5m (https://blog.example/feed): 410 Gone"
    again = ListenerState("x", "recheck", False, "HTTP 503", old, None, NOW)
    assert [one.said for one in working.listeners([again], NOW)] == ["not looked up again for 5m (recheck): HTTP 503"]


def test_erase_takes_an_account_and_says_what_it_did(handled: Leitstand) -> None:
    assert handled("erase", "nobody").code == 2
    assert handled("erase", "x:nobody-at-all", "--yes").out.strip() == "Nothing is stored of x:nobody-at-all."
