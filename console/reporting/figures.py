"""The columns of a report: what each figure is called, and how it is written for people and for spreadsheets."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from console.offline.wording import span
from leitstand.language.words import LABELS, N_
from leitstand.model import ClockName
from triage.kpis import Kpi

Figure = float | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One figure: its name in files, its heading for people, and its kind: count, share, seconds, days or score."""

    name: str
    heading: str
    kind: str
    of: Callable[[Kpi], Figure]

    def shown(self, kpi: Kpi) -> str:
        """For people; "–" where there is nothing to tell."""
        value = self.of(kpi)
        if value is None:
            return "–"
        match self.kind:
            case "share":
                return f"{value:.0%}"
            case "seconds":
                return span(timedelta(seconds=value))
            case "days" | "score":
                return f"{value:.1f}"
            case _:
                return f"{value:,}"


def _kept(clock: ClockName) -> Callable[[Kpi], Figure]:
    return lambda kpi: kept.share if (kept := kpi.clocks.get(clock.value)) else None


COLUMNS: tuple[Column, ...] = (
    Column("cases", N_("cases"), "count", lambda k: k.cases),
    Column("posts", N_("posts"), "count", lambda k: k.posts),
    Column("contract_customers", N_("customers with a contract"), "count", lambda k: k.contract_customers),
    Column("escalation_rate", N_("escalated"), "share", lambda k: k.escalation_rate),
    Column("acknowledge_median_s", N_("acknowledged, median"), "seconds", lambda k: k.acknowledge.median),
    Column("acknowledge_p90_s", N_("acknowledged, 9 of 10"), "seconds", lambda k: k.acknowledge.p90),
    Column("first_response_median_s", N_("answered, median"), "seconds", lambda k: k.first_response.median),
    Column("first_response_p90_s", N_("answered, 9 of 10"), "seconds", lambda k: k.first_response.p90),
    Column("resolved", N_("resolved"), "count", lambda k: k.resolved),
    Column("resolution_median_s", N_("resolved, median"), "seconds", lambda k: k.resolution.median),
    Column("resolution_p90_s", N_("resolved, 9 of 10"), "seconds", lambda k: k.resolution.p90),
    Column("same_day_rate", N_("on the same day"), "share", lambda k: k.same_day_rate),
    Column("days_to_close", N_("days to resolve, mean"), "days", lambda k: k.days_to_close),
    *(Column(f"{clock.value}_kept", LABELS[clock], "share", _kept(clock)) for clock in ClockName),
    Column("reopened", N_("opened again"), "count", lambda k: k.reopened),
    Column("ratings", N_("ratings"), "count", lambda k: k.ratings),
    Column("satisfaction", N_("satisfaction, 1–5"), "score", lambda k: k.satisfaction),
)
DIMENSIONS = {
    "all": N_("The whole period"),
    "day": N_("By day"),
    "channel": N_("By channel"),
    "team": N_("By team"),
    "severity": N_("By severity"),
    "contract": N_("Customers with a contract"),
}


def row(kpi: Kpi) -> dict[str, str | Figure]:
    """The figures as one flat row, for JSON and CSV: seconds, shares from 0 to 1."""
    figures = {column.name: _rounded(column.of(kpi)) for column in COLUMNS}
    return {"dimension": kpi.dimension, "value": kpi.value, **figures}


def _rounded(value: Figure) -> Figure:
    return round(value, 4) if isinstance(value, float) else value


def as_csv(kpis: Iterable[Kpi]) -> str:
    """All rows, with a heading."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["dimension", "value", *(column.name for column in COLUMNS)], lineterminator="\n")
    writer.writeheader()
    for kpi in kpis:
        writer.writerow({name: _safe(value) for name, value in row(kpi).items()})
    return out.getvalue()


def _safe(value: str | Figure) -> str | Figure:
    """A name that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def told(columns: Sequence[Column], kpis: Sequence[Kpi]) -> list[Column]:
    """The columns that tell anything of these rows."""
    return [column for column in columns if any(column.of(kpi) is not None for kpi in kpis)]
