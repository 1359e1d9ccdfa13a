"""The report's shapes: CSV for spreadsheets, one page that stands alone, charts that are true to their values."""

import csv
import io
import re
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.reporting.charts import Point, bars, line, nice
from console.reporting.figures import COLUMNS, as_csv, row
from console.reporting.page import Period, page
from triage.kpis import Kept, Kpi, Spread


def kpi(dimension: str = "all", value: str = "", cases: int = 4) -> Kpi:
    spread = Spread(330.0, 5000.0)
    clocks = {"acknowledge": Kept(3, 1), "next_response": Kept(0, 0)}
    return Kpi(dimension, value, cases, 3 * cases, 1, 1, 2, 1, 0, spread, spread, Spread(), 1.25, 2, 3.5, clocks)


ROWS = [kpi(), kpi("day", "2026-03-03"), kpi("day", "2026-03-04", 12), kpi("channel", "<script>alert(1)</script>")]
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


def test_a_row_has_every_figure() -> None:
    found = row(kpi())
    assert len(found) == len(COLUMNS) + 2
    assert (found["cases"], found["escalation_rate"], found["acknowledge_kept"]) == (4, 0.25, 0.75)
    assert (found["next_response_kept"], found["resolution_median_s"], found["same_day_rate"]) == (None, None, 0.5)


def test_csv_can_be_read_back_and_holds_no_formula() -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)"]
    found = list(csv.DictReader(io.StringIO(as_csv([*ROWS, *(kpi("team", name) for name in formulas)]))))
    assert [line["cases"] for line in found] == ["4", "4", "12", "4", *["4"] * 4]
    assert [line["value"] for line in found] == [one.value for one in ROWS] + [f"'{name}" for name in formulas]
    assert found[0]["resolution_p90_s"] == ""


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Cases opened from Mar 1, 2026", "By channel"]), ("de", ["vom 01.03.2026 bis", "Nach Kanal", "Schwere"])],
)
def test_the_page_stands_alone_and_escapes_what_it_shows(language: str, words: list[str]) -> None:
    html = page([*ROWS, kpi("severity", "sev1")], MARCH, "Acme & Co", language)  # type: ignore[arg-type]
    for word in words:
        assert word in html
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=", html)
    assert "Acme &amp; Co" in html
    assert html.count("<svg") == 5


def test_the_page_of_an_empty_period_says_so() -> None:
    assert "No case was opened" in page([], MARCH, "Acme", "en")


values = st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=1, max_size=40)


@given(values)
@example([5e-324])
def test_bars_are_as_high_as_their_values_say(found: list[float | None]) -> None:
    points = [Point(f"<{n}>", value, str(value)) for n, value in enumerate(found)]
    drawn = ElementTree.fromstring(bars('a "title"', points))
    heights = [float(bar.attrib["height"]) for bar in drawn.iter("rect")]
    told = [value for value in found if value is not None]
    assert len(heights) == len(told)
    scale = nice(max(told, default=0))
    assert all(abs(height - value / scale * 180) <= 0.11 for height, value in zip(heights, told, strict=True))


@given(values)
def test_a_gap_interrupts_the_line(found: list[float | None]) -> None:
    drawn = ElementTree.fromstring(line("t", [Point(str(n), v, str(v)) for n, v in enumerate(found)]))
    starts = sum(1 for n, v in enumerate(found) if v is not None and (n == 0 or found[n - 1] is None))
    path = next(drawn.iter("path"), None)
    assert (0 if path is None else path.attrib["d"].count("M")) == starts
    assert len(list(drawn.iter("circle"))) == sum(v is not None for v in found)


@given(st.floats(1e-6, 1e9))
def test_a_scale_is_round_and_close(highest: float) -> None:
    assert highest <= nice(highest) * (1 + 1e-9)
    assert nice(highest) <= highest * 2.51
