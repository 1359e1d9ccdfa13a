"""`leitstand train --risk`: the weights of early warning, fitted to the site's own cases."""

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from console.offline.wording import count
from console.opened import opened
from console.options import print_json
from leitstand import clock
from triage.policy import compile_policy
from triage.risk import history, training
from triage.risk.fit import Measured
from triage.risk.training import Report


def fit(config: Path, *, force: bool, forget: bool, as_json: bool) -> None:
    """Fit, tell, and put to use unless it is no better; or go back to the starting weights."""
    now = clock.now()
    with opened(config) as house:
        if forget:
            with house.engine.begin() as connection:
                training.forget(connection, now)
            typer.echo("The starting weights of risk are in use again.")
            return
        with house.engine.connect() as connection:
            examples = history.examples(connection, compile_policy(house.settings), now)
        report = training.train(examples, now)
        used = report.model is not None and (force or not report.refused)
        if used:
            with house.engine.begin() as connection:
                training.keep(connection, report, now)
    print_json(report) if as_json else _tell(report, Console())
    if not used:
        typer.echo(f"Nothing was changed: {report.refused}.", err=True)
        raise typer.Exit(1)
    if not as_json:
        typer.echo("The new weights are in use; `leitstand train --risk --forget` goes back to the starting ones.")


def _tell(report: Report, say: Console) -> None:
    judged = f", judged on the last {report.judged_on}" if report.judged_on else ""
    say.print(f"{count(report.cases, 'case')}, {report.escalated} of them escalated{judged}", "", highlight=False)
    if report.starting is None or report.fitted is None:
        return
    say.print(_figures(report.starting, report.fitted), "")
    signs = Table("sign", "starting", "yours", "", box=None, padding=(0, 2, 0, 0))
    for sign in report.signs:
        signs.add_row(sign.words, f"{sign.before:.2f}", f"{sign.after:.2f}", sign.said)
    if report.model is not None:
        signs.add_row("any case", "0.00", f"{report.model.base:.2f}", "")
    say.print(signs, "")
    bins = Table("estimated", "moments of so many cases", "mean estimate", "escalated", box=None, padding=(0, 2, 0, 0))
    for found in report.fitted.bins:
        span = f"{found.low:.1f} – {found.high:.1f}"
        bins.add_row(span, f"{found.cases:g}", f"{found.estimated:.0%}", f"{found.escalated:.0%}")
    say.print(bins, "")


def _figures(starting: Measured, fitted: Measured) -> Table:
    table = Table("the lower, the better", "starting", "yours", box=None, padding=(0, 2, 0, 0))
    for words, before, after in (
        ("Brier score", starting.brier, fitted.brier),
        ("log loss", starting.log_loss, fitted.log_loss),
        ("calibration error (ECE)", starting.ece, fitted.ece),
    ):
        table.add_row(words, f"{before:.3f}", f"{after:.3f}")
    return table
