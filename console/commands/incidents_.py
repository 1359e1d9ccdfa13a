"""`leitstand incidents`: those that are open and were, one with its moments, and the detector over a file."""

import gzip
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.drawing.curve import curve
from console.offline import incidents as offline
from console.offline.wording import count
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import InputError, NotFoundError, StateError
from nlp import pipeline
from triage.incidents import views
from triage.incidents.backtest import Moment, moments
from triage.policy import compile_policy
from workers import setup

app = typer.Typer(
    no_args_is_help=True,
    help="Show incidents, or what the detector would have found.\n\nExample: leitstand incidents list\n",
)


@app.callback()
def incidents() -> None:
    """Show incidents, or what the detector would have found in a file."""


@app.command("list")
def list_(
    config: Config = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the open incidents, the newest first.

    Example: leitstand incidents list --all
    """
    with opened(config) as house, house.engine.connect() as connection:
        found = views.listed(connection, open_only=not everything)
    if as_json:
        for incident in found:
            print_json(incident)
        return
    table = Table("incident", "watchlist", "state", "since", "authors", "cases", "held", "leading case", box=None)
    for i in found:
        table.add_row(
            str(i.number), i.watchlist, i.state, f"{i.started_at:%Y-%m-%d %H:%M}", str(i.authors), str(i.cases),
            str(i.held), str(i.lead_case or "–"),
        )  # fmt: skip
    if found:
        Console().print(table)
    typer.echo(f"{count(len(found), 'incident')}." if found else "No incident.")


@app.command()
def show(
    number: Annotated[int, typer.Argument(min=1, help="The incident.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show one incident with its moments and its cases.

    Example: leitstand incidents show 3
    """
    with opened(config) as house, house.engine.connect() as connection:
        detail = views.detail(connection, number)
    if as_json:
        print_json(detail)
        return
    say, i = Console(), detail.incident
    say.print(Text(f"Incident {i.number} on {i.watchlist}: {i.state}, {i.authors} authors, {i.cases} cases", "bold"))
    for event in detail.events:
        say.print(Text(f"{event.at:%Y-%m-%d %H:%M:%S}  {event.text}"))
    say.print(Text(f"cases: {', '.join(map(str, detail.cases))}" if detail.cases else "no case", "dim"))


@app.command()
def close(
    number: Annotated[int, typer.Argument(min=1, help="The incident.")],
    config: Config = DEFAULT_CONFIG,
    why: Annotated[str, typer.Option("--text", help="Why, for those who are told.")] = "closed by hand",
) -> None:
    """End an incident by hand: its summary is told, and held pages that nobody has answered go out.

    Example: leitstand incidents close 3 --text "fixed at 11:20"
    """
    with opened(config) as house, house.engine.begin() as connection:
        now = clock.now()
        try:
            outbox.add(connection, views.close(connection, number, why, compile_policy(house.settings), now), now)
        except (NotFoundError, StateError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    typer.echo(f"Incident {number} is closed.")


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(help="JSON lines, plain or .gz, with `created_at` (or a bundled day's `at`).")
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Whose watchlists and `incidents` count. Absent: every post, as one."),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the curves into this file or folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show when incidents would have opened, grown and closed; nothing is stored or sent.

    Example: leitstand incidents replay day.jsonl --svg day.svg
    """
    settings, problems = setup.load(config, secrets=False) if config else None, list[str]()
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as lines:
            mentions = offline.read(lines, clock.now(), problems)
            tracks = offline.replay(mentions, settings, pipeline.load(settings))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from None
    for problem in problems:
        typer.echo(f"{file}: {problem}", err=True)
    found = moments(tracks)
    for moment in found:
        print_json(moment) if as_json else typer.echo(_words(moment))
    if svg and tracks:
        for name, track in tracks.items():
            target = (
                svg / f"{name}.svg"
                if svg.is_dir()
                else svg
                if len(tracks) == 1
                else svg.with_stem(f"{svg.stem}-{name}")
            )
            target.write_text(curve(track), encoding="utf-8")
            typer.echo(f"drawn: {target}", err=True)
    if not as_json:
        opened_ = sum(moment.kind == "opened" for moment in found)
        typer.echo(f"{count(opened_, 'incident')} on {count(len(tracks), 'watchlist')}.")
    if problems:
        raise typer.Exit(1)


def _words(moment: Moment) -> str:
    said = {"opened": "opens", "grown": "grows", "closed": "is over"}[moment.kind]
    at = f"{moment.at:%Y-%m-%d %H:%M:%S}  {moment.watchlist}: incident {said}"
    return (
        f"{at}, {moment.authors} authors ({moment.signal}; {moment.expected:.1f} usual, threshold {moment.threshold})"
    )
