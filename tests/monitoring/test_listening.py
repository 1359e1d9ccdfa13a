"""What listeners may still read and what they missed, as gauges."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leitstand.settings import ListenerSettings, Settings
from monitoring import gauges
from monitoring.business import again_found, counts_found, listeners_found

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
SETTINGS = Settings(
    listeners={
        "x": ListenerSettings(kind="x"),
        "blogs": ListenerSettings(kind="feed"),
        "off": ListenerSettings(kind="feed", enabled=False),
    }
)


@dataclass(frozen=True)
class Part:
    """One part of a listener that works."""

    listener: str
    last_success_at: datetime | None = None
    up: bool = True

    def lag(self, now: datetime) -> float:
        return (now - self.last_success_at).total_seconds() if self.last_success_at else 0.0


def test_enabled_listeners_have_their_gaps_and_who_counts_its_budget() -> None:
    shares = {("x", "cloud"): 3, ("off", "cloud"): 4}
    found = counts_found(SETTINGS, {"x": 12, "off": 3, "old": 4}, {"x": 2, "off": 1}, {"x": 77.5}, shares)
    assert found == {
        gauges.BUDGET_REMAINING: {("x",): 12},
        gauges.WATCHLIST_BUDGET: {("x", "cloud"): 3},
        gauges.LISTENER_GAPS: {("x",): 2, ("blogs",): 0},
        gauges.GAP_WAITING: {("x",): 77.5, ("blogs",): 0.0},
    }


def test_whether_posts_can_be_looked_up_again_is_told_of_enabled_listeners_that_do() -> None:
    found = again_found(SETTINGS, {"x": False, "off": True, "old": False})
    assert found == {gauges.RECHECK_UP: {("x",): 0.0}}


def test_who_has_never_heard_anything_is_not_called_quiet() -> None:
    rows = [Part("x"), Part("blogs", NOW), Part("blogs"), Part("off", NOW)]
    found = listeners_found(rows, SETTINGS, ["x"], NOW + timedelta(seconds=9))
    assert found[gauges.LISTENER_QUIET] == {("blogs",): 9.0}
