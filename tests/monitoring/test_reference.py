"""docs/metrics.md tells of every metric, and the names that boards and rules of others rest on stay."""

import pytest

from monitoring.reference import PAGE, ROWS, page

FIXED = {
    "leitstand_mentions_received_total": {"listener", "channel"},
    "leitstand_mentions_matched_total": {"watchlist"},
    "leitstand_mentions_assessed_total": {"language", "sentiment"},
    "leitstand_post_to_case_seconds_bucket": set(),
    "leitstand_post_to_notice_seconds_bucket": {"target"},
    "leitstand_cases_open": {"severity", "channel", "state"},
    "leitstand_sla_seconds_to_next_breach": {"clock"},
    "leitstand_sla_breaches_total": {"clock", "channel", "severity"},
    "leitstand_clock_fire_delay_seconds_bucket": set(),
    "leitstand_deliveries_total": {"target", "outcome"},
    "leitstand_outbox_pending": {"target"},
    "leitstand_queue_depth": {"queue"},
    "leitstand_listener_up": {"listener"},
    "leitstand_listener_lag_seconds": {"listener"},
    "leitstand_listener_gap_seconds_total": {"listener"},
    "leitstand_budget_remaining": {"listener"},
    "leitstand_listener_gap_waiting_seconds": {"listener"},
    "leitstand_listener_recheck_up": {"listener"},
    "leitstand_watchlist_budget_remaining": {"listener", "watchlist"},
    "leitstand_incidents_open": {"watchlist"},
    "leitstand_build_info": {"version"},
}


def test_the_names_that_others_rely_on_stay() -> None:
    labels = {name: set(row.labels) for row in ROWS for name in row.sample_names}
    assert {name: labels.get(name) for name in FIXED} == FIXED


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(PAGE.read_text())


def test_a_page_without_its_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="mark"):
        page("# Metrics")


def test_no_metric_is_declared_twice_and_each_says_what_it_means() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    assert all(row.help.endswith(".") for row in ROWS)
