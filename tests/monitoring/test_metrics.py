"""Counters of several real processes: added up, kept over restarts, and never lost to a killed or confused one."""

import os
import random
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from leitstand.errors import ServiceError
from leitstand.model import ClockName
from leitstand.settings import Rota, Settings, TargetSettings, Watchlist
from monitoring import slots
from monitoring.metrics import (
    COUNTED,
    FETCHES,
    OUTCOMES,
    Metrics,
    exposition,
    open_metrics,
    start_at_zero,
    start_breaches_at_zero,
)

SENT = ("leitstand_deliveries_total", {"target": "group", "outcome": "sent"})
TOOK = ("leitstand_post_to_notice_seconds_count", {"target": "group"})

Count = Callable[[int], None]


@contextmanager
def counting(directory: Path, slot: str) -> Iterator[tuple[subprocess.Popen[str], Count]]:
    """A role's process, and a way to make it count. Killed hard at the end."""
    argv = [sys.executable, str(Path(__file__).with_name("counting.py")), str(directory), slot]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin and process.stdout
        stdin, stdout = process.stdin, process.stdout
        assert stdout.readline() == "open\n"

        def count(times: int) -> None:
            stdin.write(f"{times}\n")
            stdin.flush()
            assert stdout.readline() == "counted\n"

        yield process, count
        process.send_signal(signal.SIGKILL)


def value(directory: Path, sample: tuple[str, dict[str, str]]) -> float | None:
    """What /metrics says, None where it says nothing."""
    return next((v for name, labels, v in samples(directory) if (name, labels) == sample), None)


def samples(directory: Path) -> list[tuple[str, dict[str, str], float]]:
    """Every sample of /metrics."""
    text = exposition(directory).decode()
    return [(s.name, s.labels, s.value) for family in text_string_to_metric_families(text) for s in family.samples]


def role(directory: Path, name: str) -> float | None:
    return value(directory, ("leitstand_role_processes", {"role": name}))


def test_processes_are_added_up_and_a_killed_one_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with counting(tmp_path, "work-1") as (_, first), counting(tmp_path, "deliver") as (_, second):
        first(3)
        second(4)
        assert value(tmp_path, SENT) == 7
        assert role(tmp_path, "work") == role(tmp_path, "deliver") == 1
    assert value(tmp_path, SENT) == 7
    assert role(tmp_path, "work") == 0
    with counting(tmp_path, "work-1") as (_, again):
        again(10)
        assert (value(tmp_path, SENT), value(tmp_path, TOOK)) == (17, 17)
        assert role(tmp_path, "work") == 1
    assert len(list(tmp_path.glob("*.db"))) == 4


def test_processes_that_ask_for_one_slot_do_not_overwrite_each_other(tmp_path: Path) -> None:
    with ExitStack() as stack:
        counts = [stack.enter_context(counting(tmp_path, "work"))[1] for _ in range(3)]
        for count in counts:
            count(5)
        for count in counts:
            count(1)
        assert value(tmp_path, SENT) == 18
        assert role(tmp_path, "work") == 3
    with counting(tmp_path, "work") as (_, count):
        count(1)
        assert value(tmp_path, SENT) == 19
    assert {path.name for path in tmp_path.glob("counter_*")} == {
        "counter_work.db",
        "counter_work.2.db",
        "counter_work.3.db",
    }


DAMAGE = {
    "empty": b"",
    "one byte": b"\x01",
    "longer than the file": struct.pack("i", 2**31 - 1),
    "negative": struct.pack("i", -1),
    "circular": struct.pack("iii", 4000, 0, -28) + bytes(8000),
    "blank": struct.pack("iii", 4000, 0, 0) + bytes(8000),
    "no row": struct.pack("iii", 200, 0, 12) + b'["a","b","c"' + bytes(200),
    "ones": b"\xff" * 5000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_broken_file_is_left_out_and_mended_by_the_next_who_writes(tmp_path: Path, damage: bytes) -> None:
    broken = tmp_path / "counter_work.db"
    broken.write_bytes(damage)
    assert value(tmp_path, ("leitstand_metrics_files_broken", {})) == 1
    assert slots.claim(tmp_path, "work") == "work"
    assert value(tmp_path, ("leitstand_metrics_files_broken", {})) == 0
    assert broken.with_suffix(".broken").read_bytes() == damage


def test_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    with counting(tmp_path, "work") as (_, first), counting(tmp_path, "sweep") as (_, second):
        first(3)
        second(4)
    (tmp_path / "counter_work.db").write_bytes(random.Random(3).randbytes(5000))
    assert value(tmp_path, SENT) == 4
    assert value(tmp_path, TOOK) == 7
    with counting(tmp_path, "work") as (_, count):
        count(2)
        assert value(tmp_path, SENT) == 6


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(damage=st.binary(max_size=300), used=st.integers(0, 400))
def test_no_content_of_a_file_stops_the_reading(tmp_path: Path, damage: bytes, used: int) -> None:
    (tmp_path / "counter_work.db").write_bytes(struct.pack("ii", used, 0) + damage)
    assert value(tmp_path, ("leitstand_metrics_files_broken", {})) in (0, 1)


def test_what_another_version_counted_is_left_out(tmp_path: Path) -> None:
    with counting(tmp_path, "work") as (_, count):
        count(3)
    known = [row for row in COUNTED if row.name != "leitstand_deliveries"]
    names = {family.name for family in slots.SlotCollector(tmp_path, known).collect()}
    assert "leitstand_post_to_notice_seconds" in names and "leitstand_deliveries" not in names


def test_a_child_process_does_not_count_into_the_slots(tmp_path: Path) -> None:
    open_metrics(tmp_path, "listen")
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("not a directory")
    with pytest.raises(ServiceError, match="cannot keep metrics in"):
        open_metrics(tmp_path / "metrics", "work")


def test_what_is_known_beforehand_starts_at_zero(tmp_path: Path) -> None:
    configured = Settings(
        targets={"group": TargetSettings(kind="log")},
        watchlists=[Watchlist(name="cloud", query="acme")],
        rotas={"duty": Rota(ical_url=SecretStr("https://calendar.example/x.ics")), "desk": Rota(people=["group"])},
    )
    metrics = open_metrics(tmp_path, "serve")
    start_at_zero(metrics, configured)
    start_breaches_at_zero(metrics, "x", "sev1")
    start_breaches_at_zero(metrics, "x", "sev1")
    shown = {(name, *labels.values()): found for name, labels, found in samples(tmp_path)}
    assert {found for (name, *_), found in shown.items() if name != "leitstand_role_processes"} == {0}
    for outcome in OUTCOMES:
        assert ("leitstand_deliveries_total", "group", outcome) in shown or (
            "leitstand_deliveries_total",
            outcome,
            "group",
        ) in shown
    assert len([key for key in shown if key[0] == "leitstand_sla_breaches_total"]) == len(ClockName)
    assert ("leitstand_mentions_matched_total", "cloud") in shown
    assert ("leitstand_post_to_notice_seconds_count", "group") in shown
    looks = {tuple(labels)[::-1] for name, *labels in shown if name == "leitstand_calendar_fetches_total"}
    assert {frozenset(look) for look in looks} == {frozenset(("duty", outcome)) for outcome in FETCHES}
    assert ("leitstand_mentions_urgency_total", "critical") in shown


def test_a_directory_that_is_not_there_shows_nothing_yet(tmp_path: Path) -> None:
    assert samples(tmp_path / "none") == [("leitstand_metrics_files_broken", {}, 0)]


def test_no_name_is_taken_twice() -> None:
    rows = Metrics(CollectorRegistry()).rows
    assert len({row.name for row in rows}) == len(rows)
