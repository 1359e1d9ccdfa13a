"""What listeners may still read and what they missed, as gauges."""

from leitstand.settings import ListenerSettings, Settings
from monitoring import gauges
from monitoring.business import counts_found

SETTINGS = Settings(
    listeners={
        "x": ListenerSettings(kind="x"),
        "blogs": ListenerSettings(kind="feed"),
        "off": ListenerSettings(kind="feed", enabled=False),
    }
)


def test_enabled_listeners_have_their_gaps_and_who_counts_its_budget() -> None:
    found = counts_found(SETTINGS, {"x": 12, "off": 3, "old": 4}, {"x": 2, "off": 1})
    assert found == {gauges.BUDGET_REMAINING: {("x",): 12}, gauges.LISTENER_GAPS: {("x",): 2, ("blogs",): 0}}
