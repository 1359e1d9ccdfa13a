"""However many channels are named by whoever hands posts in, the series stay few, and none that is counted is lost."""

from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from monitoring import gauges, slots
from monitoring.business import cases_found
from monitoring.channels import MOST, OTHER, Channels
from monitoring.metrics import Metrics, start_breaches_at_zero
from tests.monitoring.test_metrics import counting


@dataclass
class Cases:
    severity: str
    channel: str
    state: str
    count: int


def test_the_first_channels_keep_their_names_and_the_rest_is_other() -> None:
    channels = Channels(["x"])
    names = [channels.label(f"hostile-{number}") for number in range(500)]
    assert names == [f"hostile-{number}" for number in range(MOST - 1)] + [OTHER] * (501 - MOST)
    assert [channels.label(name) for name in ("x", "hostile-0", "hostile-499")] == ["x", "hostile-0", OTHER]


def test_open_cases_and_breaches_of_many_channels_are_few_series() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    rows = [Cases("sev1", f"hostile-{number}", "new", 2) for number in range(500)]
    for row in rows:
        start_breaches_at_zero(metrics, row.channel, row.severity)
    found = cases_found(rows, metrics.channels)[gauges.CASES_OPEN]
    assert len(found) == MOST + 1
    assert sum(found.values()) == 1000
    assert found["sev1", OTHER, "new"] == 2 * (500 - MOST)
    assert generate_latest(registry).decode().count('clock="resolution"') == 2 * (MOST + 1)  # with _created


def test_what_was_counted_before_a_restart_is_known_after_it(tmp_path: Path) -> None:
    assert slots.label_values(tmp_path, "target") == set()
    with counting(tmp_path, "work") as (_, count):
        count(1)
    assert slots.label_values(tmp_path, "target") == {"group"}
    assert slots.label_values(tmp_path, "channel") == set()
