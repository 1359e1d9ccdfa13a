"""A real Prometheus scrapes the running demo and is asked what every panel and rule asks.

Debian's packages `prometheus` (with promtool) and `prometheus-alertmanager` (with amtool); installed by root, else
these tests are skipped and say what to install.
"""

import json
import math
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from console import demo_run, spawn
from console.receiver import Received
from console.spawn import Daemon
from monitoring.collector import FRESH
from tests.peers.programs import need

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]

MONITORING = Path(__file__).parents[2] / "monitoring"
PROMETHEUS, ALERTMANAGER = MONITORING / "prometheus", MONITORING / "alertmanager"
WALL: dict[str, Any] = json.loads((MONITORING / "grafana" / "boards" / "wall.json").read_text())
QUERIES = {
    f"{panel['title']} {target['refId']}": (target["expr"], bool(target["range"]))
    for panel in WALL["panels"]
    for target in panel["targets"]
}
PATIENCE = 60.0
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: leitstand
    static_configs: [{{targets: ["{target}"]}}]
"""


def eventually(check: Callable[[], bool], what: str) -> None:
    """Wait until it holds."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not check():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        pause.wait(0.2)


class Peer:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **parameters: str | float) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def ask(self, query: str) -> list[float]:
        """The values of an instant query."""
        return [float(sample["value"][1]) for sample in self.get("query", query=query)["result"]]

    def ask_range(self, query: str) -> list[float]:
        """The values over the last ten minutes."""
        now = time.time()
        found = self.get("query_range", query=query, start=now - 600, end=now, step=5)["result"]
        return [float(value) for series in found for _, value in series["values"]]

    def scraped(self) -> bool:
        """Whether it has read /metrics."""
        try:
            return self.ask('up{job="leitstand"}') == [1]
        except httpx.TransportError:
            return False


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Peer]:
    """Prometheus with our rules, scraping `target` every second."""
    program = need("prometheus", "prometheus")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(rules=PROMETHEUS / "rules.yml", target=target))
    argv = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*argv, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            yield Peer(f"http://{address}")
        finally:
            process.terminate()
            process.wait(20)


@dataclass(frozen=True, slots=True)
class Day:
    """The demo after its day, the Prometheus that watched it, and what people were told."""

    daemon: Daemon
    peer: Peer
    told: list[Received]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The demo's day is over, and Prometheus has seen the end of it."""
    folder, told = tmp_path_factory.mktemp("prometheus"), list[Received]()
    demo_run.forget(folder / "demo")
    with (
        demo_run.daemon(folder / "demo", spawn.free_port(), told.append, "t" * 24) as running,
        prometheus(folder, running.url.removeprefix("http://")) as peer,
    ):
        eventually(peer.scraped, "the first scrape")
        demo_run.play(running, 0, Console(quiet=True))
        over = time.time() + FRESH + 1
        eventually(lambda: peer.ask('timestamp(up{job="leitstand"})')[0] > over, "a scrape after the end")
        eventually(
            lambda: peer.ask("sum(leitstand_mentions_pending) + sum(leitstand_outbox_pending)") == [0], "the end"
        )
        yield Day(running, peer, told)


@pytest.mark.parametrize("name", QUERIES)
def test_every_panel_has_data(day: Day, name: str) -> None:
    query, is_range = QUERIES[name]
    values = day.peer.ask_range(query) if is_range else day.peer.ask(query)
    assert values and not any(math.isnan(value) for value in values)


def test_the_wall_says_what_the_api_says(day: Day) -> None:
    peer, cases = day.peer, day.daemon.cases()
    by_severity = {s: sum(c["severity"] == s for c in cases) for s in ("sev1", "sev2", "sev3", "sev4")}
    assert by_severity["sev1"] > 0
    shown = {s: peer.ask(QUERIES[f"Open cases {letter}"][0]) for s, letter in zip(by_severity, "ABCD", strict=True)}
    assert shown == {severity: [count] for severity, count in by_severity.items()}
    assert peer.ask(QUERIES["Open Sev 1 A"][0]) == peer.ask(QUERIES["Sev 1 not acknowledged A"][0]) == shown["sev1"]
    assert peer.ask(QUERIES["Notices waiting A"][0]) == peer.ask(QUERIES["Dead letters A"][0]) == [0]
    assert peer.ask(QUERIES["This board sees A"][0]) == [1]
    for part in "ABCD":
        assert 0 <= peer.ask(QUERIES[f"Sentiment, last hour {part}"][0])[0] < 10_000


def test_the_first_count_is_seen(day: Day) -> None:
    """Series that start at zero: what Prometheus saw happen is what happened."""
    sent = day.peer.ask('leitstand_deliveries_total{target="sev1-group",outcome="sent"}')
    assert sent == [len([notice for notice in day.told if notice.path == "/sev1"])]
    seen = day.peer.ask('delta(leitstand_deliveries_total{target="sev1-group",outcome="sent"}[1h])')
    assert seen[0] >= sent[0]


def test_every_rule_can_be_evaluated_and_none_fires_on_a_healthy_day(
    day: Day,
) -> None:
    rules = [rule for group in day.peer.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == (PROMETHEUS / "rules.yml").read_text().count("- alert:")
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []


def test_promtool_accepts_rules_their_tests_and_the_configuration() -> None:
    promtool = need("promtool", "prometheus")
    for argv in (
        ["check", "rules", "rules.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "rules_test.yml"],
    ):
        done = subprocess.run([promtool, *argv], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_to_say_about_our_metrics(day: Day) -> None:
    text = day.daemon.get("/metrics").text
    done = subprocess.run(
        [need("promtool", "prometheus"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_amtool_accepts_the_configuration() -> None:
    amtool = need("amtool", "prometheus-alertmanager")
    done = subprocess.run(
        [amtool, "check-config", str(ALERTMANAGER / "alertmanager.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
