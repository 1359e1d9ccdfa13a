"""`leitstand report`."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline.wording import unabridged
from console.opened import Opened, opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from console.reporting.figures import COLUMNS, DIMENSIONS, as_csv, row, told
from console.reporting.page import Period, page
from leitstand import clock
from leitstand.errors import InputError
from triage.hours import time_zone
from triage.kpis import Kpi, kpis

_DAYS = 30


class Shape(StrEnum):
    """How the report is written."""

    TABLE = "table"
    CSV = "csv"
    HTML = "html"


def command(
    since: Annotated[
        str | None,
        typer.Option("--from", help=f"The first day, as 2026-03-01; by default {_DAYS} days before the last."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last day; by default today.")] = None,
    shape: Annotated[
        Shape, typer.Option("--format", help="How to write it; html is one page with charts.")
    ] = Shape.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write it to this file instead of the screen.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Tell the figures of a period: volume, escalations, how soon cases were seen to, deadlines kept, satisfaction.

    The cases are those opened in the period; by day, channel, team, severity, and for customers with a contract.

    Example: leitstand report --from 2026-03-01 --to 2026-03-31 --format html --out march.html
    """
    with opened(config) as house:
        zone = time_zone(house.settings.triage.timezone)
        period = _period(since, until, clock.now().astimezone(zone).date())
        begins, ends = (
            datetime.combine(day, time(), zone).astimezone(UTC)
            for day in (period.first, period.last + timedelta(days=1))
        )
        contract = [tier for tier, group in house.settings.customers.items() if group.contract]
        with house.engine.connect() as connection:
            found = kpis(connection, begins, ends, zone, contract)
    if as_json:
        for kpi in found:
            print_json(row(kpi))
        return
    _write(_shaped(found, period, shape, house), out, found)


def _period(since: str | None, until: str | None, today: date) -> Period:
    last = _day(until, "--to") if until else today
    first = _day(since, "--from") if since else last - timedelta(days=_DAYS)
    if first > last:
        raise InputError(f"--from {first} is after --to {last}")
    return Period(first, last)


def _day(said: str, option: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise InputError(f"{option}: {said!r} is no day; write it as 2026-03-01") from None


def _shaped(found: list[Kpi], period: Period, shape: Shape, house: Opened) -> str:
    """The text of the report; "" for the table, which is drawn on the screen."""
    if shape is Shape.CSV:
        return as_csv(found)
    if shape is Shape.HTML:
        return page(found, period, house.settings.brand.name, house.settings.server.language)
    return ""


def _write(written: str, out: Path | None, found: list[Kpi]) -> None:
    if out is not None:
        with out.open("w", encoding="utf-8") as file:
            if written:
                file.write(written)
            else:
                _tables(found, Console(file=file, width=200))
        typer.echo(f"wrote {out}")
    elif written:
        typer.echo(written, nl=False)
    else:
        _tables(found, Console())


def _tables(found: list[Kpi], say: Console) -> None:
    """A table a dimension, the figures down and the values across for the whole, else a row a value."""
    if not found:
        say.print("No case was opened in this period.")
        return
    whole = found[0]
    grid = Table.grid(padding=(0, 2, 0, 0))
    for column in told(COLUMNS, [whole]):
        grid.add_row(column.heading, column.shown(whole))
    say.print(grid)
    names = ("cases", "escalation_rate", "acknowledge_median_s", "first_response_median_s", "resolution_median_s")
    shown = [column for column in COLUMNS if column.name in names or column.name.endswith("_kept")]
    for dimension, heading in DIMENSIONS.items():
        rows = [kpi for kpi in found if kpi.dimension == dimension]
        if dimension == "all" or not rows:
            continue
        columns = told(shown, rows)
        table = unabridged(heading, *(c.heading for c in columns))
        for kpi in rows:
            table.add_row(Text(kpi.value), *(c.shown(kpi) for c in columns))
        say.print("", table)
