"""The alert rules and what carries them, as far as it can be checked without Prometheus."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.monitoring.queries import problems

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def load(path: str) -> Any:
    return YAML(typ="safe", pure=True).load((MONITORING / path).read_text())


ALERTS: list[dict[str, Any]] = [rule for group in load("prometheus/rules.yml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_rests_on_metrics_that_exist_and_says_what_to_do(alert: dict[str, Any]) -> None:
    assert problems(alert["expr"]) == []
    assert alert["labels"]["severity"] in {"critical", "warning"}
    notes = alert["annotations"]
    assert set(notes) == {"summary", "description", "runbook"}
    assert notes["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"
    assert len(notes["summary"]) < 110


def test_the_runbook_has_one_section_for_each_alert_and_no_other() -> None:
    sections = [line.removeprefix("## ") for line in RUNBOOK.splitlines() if line.startswith("## Leitstand")]
    assert sections == [alert["alert"] for alert in ALERTS]


def test_each_alert_has_a_unit_test() -> None:
    tested = (MONITORING / "prometheus" / "rules_test.yml").read_text()
    assert [alert["alert"] for alert in ALERTS if alert["alert"] not in tested] == []


def test_alertmanager_names_only_alerts_and_labels_that_exist() -> None:
    names = {alert["alert"] for alert in ALERTS} | {"Leitstand.+"}
    inhibit = load("alertmanager/alertmanager.yml")["inhibit_rules"]
    matchers = [m for rule in inhibit for m in (*rule["source_matchers"], *rule["target_matchers"])]
    assert len(matchers) == 7
    for matcher in matchers:
        assert matcher.partition('"')[2].rstrip('"') in names


def test_prometheus_scrapes_what_compose_serves() -> None:
    config = load("prometheus/prometheus.yml")
    assert config["scrape_configs"][0]["static_configs"][0]["targets"] == ["serve:8080"]
    assert config["rule_files"] == ["rules.yml"]
