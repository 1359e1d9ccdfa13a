"""The committed boards are what the code makes, ask for what exists, and can be read from across the room."""

import json
import re
from typing import Any

import pytest

from leitstand.model import CaseState, ClockName, Sentiment, Severity, Urgency
from monitoring.grafana.build import BOARDS, generated
from monitoring.grafana.wall import CLOCKS, SENTIMENTS, SEVERITIES, URGENCIES
from tests.monitoring.queries import problems, selectors

WALL: dict[str, Any] = json.loads((BOARDS / "wall.json").read_text())
PANELS: list[dict[str, Any]] = WALL["panels"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
CLOSED_LABELS = {
    "severity": {s.value for s in Severity},
    "state": {s.value for s in CaseState},
    "sentiment": {s.value for s in Sentiment},
    "urgency": {u.name.lower() for u in Urgency},
    "clock": {c.value for c in ClockName},
    "part": {"cases", "clocks", "outbox", "mentions", "listeners", "queues"},
}


def test_the_committed_boards_are_the_generated_ones() -> None:
    assert {path.name: path.read_text() for path in BOARDS.iterdir()} == generated()


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_every_panel_asks_for_metrics_and_labels_that_exist(title: str, query: str) -> None:
    assert problems(query) == [], title
    for selector in selectors(query):
        for label, value in selector.matchers.items():
            assert value in CLOSED_LABELS[label], title


def test_a_query_for_what_does_not_exist_is_found_out() -> None:
    assert problems("sum(leitstand_nothing)") == ["no metric leitstand_nothing"]
    assert problems('leitstand_cases_open{team="a"}') == ["leitstand_cases_open has no team"]
    assert problems("sum by (colour) (leitstand_cases_open)") == ["nothing has colour"]
    assert problems("leitstand_deliveries") == ["no metric leitstand_deliveries"]
    assert problems("vector(1)") == ["no metric at all"]


def test_the_wall_shows_all_it_should() -> None:
    assert set(SEVERITIES) == set(Severity) and set(SENTIMENTS) == set(Sentiment)
    assert set(URGENCIES) == {u.name.lower() for u in Urgency} and set(CLOCKS) < set(ClockName)
    asked = {selector.name for _, query in QUERIES for selector in selectors(query)}
    assert asked >= {
        "leitstand_cases_open",
        "leitstand_sla_seconds_to_next_breach",
        "leitstand_sla_breaches_total",
        "leitstand_mentions_received_total",
        "leitstand_mentions_assessed_total",
        "leitstand_mentions_urgency_total",
        "leitstand_post_to_notice_seconds_bucket",
        "leitstand_listener_up",
        "leitstand_listener_lag_seconds",
        "leitstand_outbox_pending",
        "leitstand_dead_letters",
        "leitstand_scrape_ok",
    }


def test_the_wall_fits_one_screen_without_gaps_or_overlaps() -> None:
    cells = [
        (column, row)
        for grid in (panel["gridPos"] for panel in PANELS)
        for column in range(grid.get("x", 0), grid.get("x", 0) + grid["w"])
        for row in range(grid.get("y", 0), grid.get("y", 0) + grid["h"])
    ]
    height = max(row for _, row in cells) + 1
    assert len(cells) == len(set(cells)) == 24 * height
    assert height <= 28  # of 38 pixels: a 1080p screen in kiosk mode


def test_what_is_not_known_is_never_shown_as_zero() -> None:
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["noValue"] == "unknown"
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"]
        assert not any(re.search(r"\bor (on\(\) )?vector\(", target["expr"]) for target in panel["targets"])
