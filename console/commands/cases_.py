"""`leitstand cases`: `cases` lists, `cases 27` shows one, and further words do more."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from console.api.desk import Desk
from console.offline.wording import count, due, severity
from console.opened import Opened, opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseSnapshot, CaseState, ClockState, Risk, Severity, StoryView, TrafficLight
from triage import migrate as migrating
from triage import views
from triage.policy import compile_policy
from triage.records import LIVE
from triage.views import CaseDetail, Filters

ACTOR = "command line"
_LIGHT = {TrafficLight.RED: "red", TrafficLight.AMBER: "yellow", TrafficLight.GREEN: "green"}


_HELP = """List the open cases, the newest first, or show one with its timeline.

Example: leitstand cases --severity sev1
"""


class _ListFirst(TyperGroup):
    """Without a command's name it lists: `cases`, `cases 27` and `cases --severity sev1` stay as short as that."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, list(args) if named else ["list", *args])


app = typer.Typer(cls=_ListFirst, help=_HELP)


@app.callback()
def cases() -> None:
    """List the open cases, the newest first, or show one with its timeline."""


@app.command("list")
def list_(
    number: Annotated[int | None, typer.Argument(min=1, help="Show this case with its timeline.")] = None,
    config: Config = DEFAULT_CONFIG,
    state: Annotated[
        list[CaseState] | None, typer.Option(help="Only these states; by default those that are not over.")
    ] = None,
    level: Annotated[list[Severity] | None, typer.Option("--severity", help="Only these severities.")] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Only those that wait for a person to approve them.")
    ] = False,
    risky: Annotated[
        bool, typer.Option("--risky", help="The open ones most likely to be escalated, with reasons.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=views.LARGEST_PAGE, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the open cases, the newest first, or show one with its timeline.

    Example: leitstand cases --severity sev1
    """
    with opened(config) as house:
        if risky:
            _risky(house, limit, as_json)
        elif number is None:
            _list(house, Filters(tuple(state or LIVE), tuple(level or ()), review=review), limit, as_json)
        else:
            _one(house, number, as_json)


@app.command()
def migrate(
    numbers: Annotated[
        list[int] | None, typer.Argument(min=1, help="Only these cases; else all that are open.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would move.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move open cases to the deadlines that the configuration grants today; they keep those they had until then.

    Example: leitstand cases migrate --dry-run
    """
    with opened(config) as house, house.engine.connect() as connection:
        moved = migrating.migrate(connection, numbers or [], compile_policy(house.settings), clock.now(), actor=ACTOR)
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
    for case in moved:
        if as_json:
            print_json(case)
        else:
            moves = count(len(case.moved), "due time")
            typer.echo(f"case {case.number}: {case.before or 'none'} → {case.after}, {moves} moved")
    if not as_json:
        typer.echo(f"{count(len(moved), 'case')} {'would be ' if dry_run else ''}migrated.")


@app.command()
def merge(
    number: Annotated[int, typer.Argument(min=1, help="The case that stays.")],
    other: Annotated[int, typer.Argument(min=1, help="The case that becomes part of it.")],
    config: Config = DEFAULT_CONFIG,
    text: Annotated[str, typer.Option(help="Why, for the timelines.")] = "",
    as_json: AsJson = False,
) -> None:
    """Merge a case into another: its posts and its severity go over, and it is closed.

    Example: leitstand cases merge 27 31 --text "the same outage"
    """
    _regroup(config, number, "merge", str(other), text, as_json)


@app.command()
def share(
    number: Annotated[int, typer.Argument(min=1, help="The case: praise, or how it was solved.")],
    target: Annotated[str, typer.Option("--target", help="Whom to tell, by the name of a target.")],
    config: Config = DEFAULT_CONFIG,
    text: Annotated[str, typer.Option(help="Why, for whoever reads it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Share a case with somebody who need not do anything about it, such as the product team.

    Example: leitstand cases share 27 --target product-team --text "they love the new export"
    """
    _regroup(config, number, "share", target, text, as_json)


@app.command()
def split(
    number: Annotated[int, typer.Argument(min=1, help="The case that holds two things.")],
    mentions: Annotated[list[int], typer.Argument(min=1, help="The mentions that become a case of their own.")],
    config: Config = DEFAULT_CONFIG,
    text: Annotated[str, typer.Option(help="Why, for the timelines.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make some posts of a case a case of their own; their stories are kept apart from then on.

    `leitstand cases NUMBER --json` tells the ids of its mentions.

    Example: leitstand cases split 27 1044 1051
    """
    _regroup(config, number, "split", ",".join(map(str, mentions)), text, as_json)


def _regroup(config: Path, number: int, action: str, value: str, text: str, as_json: bool) -> None:
    with opened(config) as house:
        desk = Desk(house.engine, compile_policy(house.settings))
        try:
            acted = desk.act(number, action, actor=ACTOR, text=text, value=value)
        except (NotFoundError, StateError, InputError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    if as_json:
        print_json(acted.case)
    else:
        typer.echo(f"Case {acted.case.number}: {acted.case.severity}, {count(acted.case.mention_count, 'post')}.")


def _list(house: Opened, filters: Filters, limit: int, as_json: bool) -> None:
    now = clock.now()
    with house.engine.connect() as connection:
        page = views.list_cases(connection, filters, compile_policy(house.settings), now, limit=limit)
    if as_json:
        for case in page.cases:
            print_json(case)
        return
    table = Table(
        "case", "", "severity", "state", "channel", "team", "due", "posts", "about", box=None, padding=(0, 2, 0, 0)
    )
    table.columns[8].ratio = 1
    for case in page.cases:
        table.add_row(
            str(case.number), _light(case), severity(case.severity), case.state.value, case.channel, case.team,
            _next_due(case, now), str(case.mention_count), Text(case.title),
        )  # fmt: skip
    if page.cases:
        Console().print(table)
    more = "; there are more: --limit" if page.next else ""
    typer.echo(f"{count(len(page.cases), 'case')}{more}." if page.cases else "No case.")


def _risky(house: Opened, limit: int, as_json: bool) -> None:
    with house.engine.connect() as connection:
        found = views.riskiest(connection, compile_policy(house.settings), clock.now(), limit)
    for case in found:
        risk = case.risk or Risk(0)
        said = f"{case.number}  {risk.score:.2f}  {case.severity}  {case.title}: {'; '.join(risk.reasons)}"
        print_json(case) if as_json else typer.echo(said)
    if not found and not as_json:
        typer.echo("No case.")


def _one(house: Opened, number: int, as_json: bool) -> None:
    now = clock.now()
    try:
        with house.engine.connect() as connection:
            detail = views.load_case(connection, number, compile_policy(house.settings), now)
    except NotFoundError as error:
        typer.echo(f"{error}: `leitstand cases` lists them", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json(
            {
                "case": detail.case, "tags": detail.tags, "timeline": detail.events, "mentions": detail.mentions,
                "story": detail.story, "rating": detail.rating,
            }
        )  # fmt: skip
    else:
        _tell(detail, now, Console())


def _tell(detail: CaseDetail, now: datetime, say: Console) -> None:
    case = detail.case
    head = f"{case.state.value}  {case.channel}  team {case.team}  {count(case.mention_count, 'post')}"
    say.print(Text.assemble((f"Case {case.number}  ", "bold"), severity(case.severity), "  ", _light(case), f" {head}"))
    say.print(Text(case.text), Text(case.url or case.link, "dim"), "", sep="\n")
    grid = Table.grid(padding=(0, 2, 0, 0))
    for reason in dict.fromkeys(r.text for r in case.reasons):
        grid.add_row(Text("why", "dim"), Text(reason))
    if detail.story:
        grid.add_row(Text("story", "dim"), _story(detail.story))
    for name, running in case.clocks.items():
        said = (
            due(running.due_at, now) if running.state is ClockState.RUNNING and running.due_at else running.state.value
        )
        grid.add_row(Text("clock", "dim"), f"{name.replace('_', ' ')} {said} ({running.words})")
    for event in detail.events:
        who = f" – {event.actor}" if event.actor else ""
        grid.add_row(Text(f"{event.at.astimezone():%d %b %H:%M:%S}", "dim"), Text(event.text + who))
    say.print(grid)


def _story(story: StoryView) -> str:
    return (
        f"{count(story.posts, 'post')} by {count(story.authors, 'author')} on {', '.join(story.channels)}, reach"
        f" {story.reach:,}, +{story.last_hour:,} in the last hour (+{story.hour_before:,} in the one before)"
    )


def _light(case: CaseSnapshot) -> Text:
    return Text(case.traffic_light.value, _LIGHT[case.traffic_light])


def _next_due(case: CaseSnapshot, now: datetime) -> str:
    running = [c.due_at for c in case.clocks.values() if c.state is ClockState.RUNNING and c.due_at]
    return due(min(running), now) if running else "–"
