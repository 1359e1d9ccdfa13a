"""The report as one HTML page that stands alone: figures, charts and tables; no script, nothing from outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from console.reporting.charts import Point, bars, line
from console.reporting.figures import COLUMNS, DIMENSIONS, Column, told
from console.web.language import translations
from leitstand.language.catalogue import Language
from leitstand.language.words import LABELS, N_
from leitstand.model import ClockName
from triage.kpis import Kpi

_HEAD = (
    "cases", "escalation_rate", "acknowledge_median_s", "first_response_median_s", "resolution_median_s",
    "same_day_rate", "reopened", "satisfaction",
)  # fmt: skip
_BY_NAME = {column.name: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Period:
    """The first day and the last, both counted."""

    first: date
    last: date


def page(kpis: Sequence[Kpi], period: Period, brand: str, language: Language) -> str:
    """The page's HTML."""
    words = translations(language)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    whole = next((kpi for kpi in kpis if kpi.dimension == "all"), None)
    groups = {d: [kpi for kpi in kpis if kpi.dimension == d] for d in DIMENSIONS if d != "all"}
    return environment.get_template("report.html").render(
        language=language,
        brand=brand,
        since=format_date(period.first, locale=language),
        until=format_date(period.last, locale=language),
        whole=whole,
        head=[_BY_NAME[name] for name in _HEAD],
        charts=_charts(whole, groups, words.gettext) if whole else [],
        tables=[(DIMENSIONS[d], rows, told(COLUMNS, rows)) for d, rows in groups.items() if rows],
    )


def _charts(whole: Kpi, groups: dict[str, list[Kpi]], say: Callable[[str], str]) -> list[tuple[str, Markup]]:
    """The charts that have anything to show, with their headings."""
    days, cases = groups["day"], _BY_NAME["cases"]
    response = Column("first_response_h", "", "count", lambda k: _hours(k.first_response.median))
    kept = [
        Point(say(LABELS[ClockName(name)]), clock.share, "–" if clock.share is None else f"{clock.share:.0%}")
        for name, clock in whole.clocks.items()
    ]
    wanted: list[tuple[str, Callable[[str, Sequence[Point]], str], list[Point]]] = [
        (N_("Cases a day"), bars, _points(days, cases)),
        (N_("Median hours to the first answer"), line, _points(days, response)),
        (N_("Cases by channel"), bars, _points(groups["channel"], cases)),
        (N_("Cases by severity"), bars, _points(groups["severity"], cases)),
    ]
    wanted.append((N_("Deadlines kept"), partial(bars, top=1), kept))
    return [
        (say(title), Markup(draw(say(title), points)))  # noqa: S704  drawn by us, its words escaped
        for title, draw, points in wanted
        if points
    ]


def _points(kpis: Sequence[Kpi], column: Column) -> list[Point]:
    return [Point(_short(kpi), column.of(kpi), column.shown(kpi)) for kpi in kpis]


def _short(kpi: Kpi) -> str:
    return kpi.value[5:] if kpi.dimension == "day" else kpi.value


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 2)
