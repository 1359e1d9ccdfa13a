"""`leitstand incidents` and `leitstand escalation`: the detector over a file, the matrix, projects, silences."""

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from console.drawing.svg import text
from tests.console.commanding import Leitstand

CONFIG = """
[[watchlists]]
name = "cloud"
query = "acme"
team = "cloud-support"
[targets.desk]
kind = "log"
[targets.anna]
kind = "log"
[teams.cloud-support]
forward = ["desk"]
rota = "cloud"
escalation = "late"
[rotas.cloud]
people = ["anna"]
[escalation.sev1]
steps = [
  { notify = "on-call" },
  { after = "10m", notify = "desk", only = { hours = ["08:00-18:00"], otherwise = "wait" } },
]
repeat = 2
[escalation.late]
steps = [{ notify = "cloud-support" }]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "leitstand.toml"
    path.write_text(CONFIG)
    return path


def outage(tmp_path: Path) -> Path:
    """Two quiet hours, then twelve authors whose service is down."""
    rows = [
        {"id": n, "text": "acme works fine for me, thank you", "author": {"handle": f"q{n}"},
         "created_at": f"2026-03-10T0{8 + n // 6}:{10 * (n % 6):02}:00Z"}
        for n in range(12)
    ]  # fmt: skip
    rows += [
        {"id": 100 + n, "text": "acme is down, outage, nothing works, we cannot work", "author": {"handle": f"a{n}"},
         "created_at": f"2026-03-10T10:0{n // 3}:{20 * (n % 3):02}Z"}
        for n in range(12)
    ]  # fmt: skip
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    return file


def test_a_file_is_replayed_and_drawn(leitstand: Leitstand, tmp_path: Path) -> None:
    svg = tmp_path / "day.svg"
    ended = leitstand("incidents", "replay", outage(tmp_path), "--svg", svg, "--json")
    assert ended.code == 0, ended.err
    kinds = [row["kind"] for row in ended.rows]
    assert kinds[0] == "opened" and kinds[-1] == "closed"
    assert ended.rows[0]["at"].startswith("2026-03-10T10:01:40"), "twice the minimum within two minutes"
    words = "".join(ElementTree.parse(svg).getroot().itertext())
    assert "10:01:40 opened" in words and "authors in trouble" in words and "threshold" in words


def test_only_what_the_watchlists_want_counts(leitstand: Leitstand, tmp_path: Path, config: Path) -> None:
    config.write_text(CONFIG.replace('query = "acme"', 'query = "other"'))
    ended = leitstand("incidents", "replay", outage(tmp_path), "--config", config)
    assert ended.code == 0 and "0 incidents on 0 watchlists" in ended.out


def test_the_bundled_days_own_form_is_read_and_bad_lines_are_told(leitstand: Leitstand, tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text('{"text": "acme is down", "at": 60, "truth": {}}\nnot json\n{"at": 1}\n')
    ended = leitstand("incidents", "replay", file)
    assert ended.code == 1 and "line 2" in ended.err and "line 3" in ended.err and "on 1 watchlist" in ended.out


def test_a_missing_file_is_bad_usage(leitstand: Leitstand, tmp_path: Path) -> None:
    assert leitstand("incidents", "replay", tmp_path / "none.jsonl").code == 2


def test_the_matrix_is_a_table_and_a_picture(leitstand: Leitstand, tmp_path: Path, config: Path) -> None:
    svg = tmp_path / "matrix.svg"
    ended = leitstand("escalation", "show", "--config", config, "--svg", svg, "--json")
    rows = {(row["trigger"], row["policy"]): row for row in ended.rows}
    assert set(rows) == {
        ("a case is sev1", "sev1"), ("a deadline of cloud-support is missed", "late"), ("an incident opens", "sev1")
    }  # fmt: skip
    first, second = rows["a case is sev1", "sev1"]["levels"]
    assert first["whom"] == ["on-call"] and second["after"] == "after 10m" and second["only"] == "hours 08:00-18:00"
    assert "2 times again" in rows["a case is sev1", "sev1"]["ends"]
    words = "".join(ElementTree.parse(svg).getroot().itertext())
    assert "a case is sev1" in words and "tell desk" in words
    assert "on-call" in leitstand("escalation", "show", "--config", config).out


def test_who_is_on_call_is_told(leitstand: Leitstand, config: Path) -> None:
    assert leitstand("escalation", "oncall", "--config", config).out == "cloud: anna\n"


def test_what_a_picture_says_is_escaped() -> None:
    assert "<b>" not in text(0, 0, "<b>&") and "&lt;b&gt;&amp;" in text(0, 0, "<b>&")
