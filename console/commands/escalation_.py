"""`leitstand escalation`: the matrix, who is on call, silences, and escalations as projects."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from console.drawing.matrix import picture
from console.offline.wording import count, unabridged
from console.opened import Opened, opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.settings import parse_duration
from triage import overrides, remote_calendars
from triage.matrix import Trigger, matrix
from triage.policy import compile_policy
from triage.projects import acts, opening, views
from triage.projects.acts import Given
from triage.projects.opening import Cause
from triage.runs import silences
from triage.runs.silences import Matcher
from workers import setup

ACTOR = "command line"
app = typer.Typer(
    no_args_is_help=True,
    help="Show who is told when, silence it, and run escalations as projects.\n\nExample: leitstand escalation show\n",
)


@app.callback()
def escalation() -> None:
    """Show who is told when, silence it, and run escalations as projects."""


@app.command()
def show(
    config: Config = DEFAULT_CONFIG,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw it into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the escalation matrix: what sets a policy off, its levels, and who is told.

    Example: leitstand escalation show --svg matrix.svg
    """
    settings = setup.load(config, secrets=False)
    rows = matrix(settings, compile_policy(settings), clock.now())
    if svg:
        svg.write_text(picture(rows), encoding="utf-8")
    if as_json:
        for row in rows:
            print_json(row)
        return
    _print(rows)


def _print(rows: tuple[Trigger, ...]) -> None:
    most = max((len(row.levels) for row in rows), default=0)
    table = unabridged("trigger", "policy", *(f"level {n + 1}" for n in range(most)), "ends")
    for row in rows:
        cells = [f"{x.after}: {x.does} {', '.join(x.whom)}{f' (only {x.only})' if x.only else ''}" for x in row.levels]
        table.add_row(*map(Text, (row.trigger, row.policy, *cells, *[""] * (most - len(cells)), row.ends)))
    Console().print(table if rows else "No policy is configured: nobody is ever woken.")


@app.command()
def oncall(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show who is on call now, for each rota.

    Example: leitstand escalation oncall
    """
    now = clock.now()
    with opened(config) as house, house.engine.connect() as connection:
        policy = overrides.applied(connection, compile_policy(house.settings), now)
        copies = remote_calendars.copies(connection, policy.rotas)
    for name, rota in policy.rotas.items():
        person, copy = rota.on_call(now), copies.get(name)
        stale = copy.error if copy else "it has not been looked at yet" if rota.source else ""
        if as_json:
            print_json({"rota": name, "person": person, "calendar_error": stale})
            continue
        typer.echo(f"{name}: {person or 'nobody'}")
        if stale:
            since = f"; the copy of {copy.fetched_at:%Y-%m-%d %H:%M} UTC counts" if copy and copy.fetched_at else ""
            typer.echo(f"  its calendar: {stale}{since}", err=True)


@app.command()
def silence(
    config: Config = DEFAULT_CONFIG,
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    reason: Annotated[str, typer.Option("--text", help="Why.")] = "",
    lasts: Annotated[str, typer.Option(help="For how long, as in 2h.")] = "1h",
    team: Annotated[list[str] | None, typer.Option(help="Only cases of this team.")] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Only cases of this severity.")] = None,
    watchlist: Annotated[list[str] | None, typer.Option(help="Only cases of this watchlist.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only cases of this channel.")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Only this policy.")] = None,
    case: Annotated[list[int] | None, typer.Option(help="Only this case.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make escalation steps wait for a while; nothing is skipped: they are taken when it ends.

    Example: leitstand escalation silence --team cloud-support --owner ann --text "planned work" --lasts 2h
    """
    matcher = Matcher(
        severities=tuple(severity or ()), teams=tuple(team or ()), watchlists=tuple(watchlist or ()),
        channels=tuple(channel or ()), policies=tuple(policy or ()), cases=tuple(case or ()),
    )  # fmt: skip
    try:
        span = parse_duration(lasts)
    except ValueError as error:
        raise InputError(str(error), "lasts") from None
    with opened(config) as house, house.engine.begin() as connection:
        added = silences.add(connection, matcher, owner=owner, reason=reason, now=clock.now(), lasts=span)
    if as_json:
        print_json(added)
    else:
        typer.echo(f"Silence {added.id} until {added.ends_at:%Y-%m-%d %H:%M} UTC ({added.matcher.words}).")


@app.command("silences")
def list_silences(
    config: Config = DEFAULT_CONFIG,
    end: Annotated[int | None, typer.Option(min=1, help="End this one now.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the open silences, or end one.

    Example: leitstand escalation silences --end 3
    """
    now = clock.now()
    with opened(config) as house, house.engine.begin() as connection:
        if end is not None:
            silences.end(connection, end, actor=ACTOR, now=now)
        found = silences.listed(connection, now)
    for one in found:
        said = f"{one.id}: until {one.ends_at:%Y-%m-%d %H:%M} UTC by {one.owner}: {one.reason} ({one.matcher.words})"
        print_json(one) if as_json else typer.echo(said)
    if not as_json:
        typer.echo(f"{count(len(found), 'silence')}." if found else "No silence.")


@app.command("list")
def list_(
    words: Annotated[str, typer.Argument(help="Words to search titles and lessons for, German or English.")] = "",
    config: Config = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Also closed ones.")] = False,
    risky: Annotated[bool, typer.Option("--risky", help="The riskiest open ones first, with reasons.")] = False,
    as_json: AsJson = False,
) -> None:
    """List escalations: the open ones, all, the riskiest, or those that words find, with what was learned.

    Example: leitstand escalation list "certificate expired"
    """
    with opened(config) as house, house.engine.connect() as connection:
        if risky:
            weighed = views.riskiest(connection, clock.now())
            for one in weighed:
                said = f"{one.escalation.number}  {one.score:.2f}  {one.escalation.title}: {'; '.join(one.reasons)}"
                print_json(one) if as_json else typer.echo(said)
            return
        state = None if everything else "open"
        found = views.search(connection, words) if words else views.listed(connection, state)
    for project in found:
        learned = f"; learned: {project.change} ({project.by_whom})" if project.change else ""
        about = f"case {project.case_number}" if project.case_number else "its case is no longer kept"
        said = f"{project.number}  {project.state}  {about}  {project.owner or 'nobody'}"
        print_json(project) if as_json else typer.echo(f"{said}  {project.title}{learned}")
    if not as_json:
        typer.echo(f"{count(len(found), 'escalation')}." if found else "No escalation.")


@app.command("project")
def one(
    number: Annotated[int, typer.Argument(min=1, help="The escalation.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show one escalation with its measures and its log.

    Example: leitstand escalation project 3
    """
    with opened(config) as house, house.engine.connect() as connection:
        found = views.detail(connection, number, clock.now())
    if as_json:
        print_json(found)
        return
    project, say = found.escalation, Console()
    say.print(Text(f"Escalation {number}: {project.title} ({project.state}, {project.owner or 'nobody'})", "bold"))
    for m in found.measures:
        done = "done" if m.done_at else "accepted" if m.accepted_at else "open"
        say.print(Text(f"  {m.id}  {m.light.value}  {done}  due {m.due_at:%Y-%m-%d %H:%M}  {m.assignee}: {m.title}"))
    for entry in found.log:
        say.print(Text(f"{entry.at:%Y-%m-%d %H:%M}  {entry.actor}: {entry.text}"))


@app.command("open")
def open_(
    case: Annotated[int, typer.Argument(min=1, help="The case that it is about.")],
    config: Config = DEFAULT_CONFIG,
    title: Annotated[str, typer.Option(help="What it is called; by default as the case.")] = "",
) -> None:
    """Open an escalation about a case.

    Example: leitstand escalation open 27 --title "Double invoices of February"
    """
    with opened(config) as house, house.engine.begin() as connection:
        now = clock.now()
        cause = Cause("person", case, title, actor=ACTOR)
        project, notices = opening.open_(connection, cause, compile_policy(house.settings), now)
        outbox.add(connection, notices, now)
    if project is None:
        raise StateError(f"case {case} has an open escalation already")
    typer.echo(f"Escalation {project.number}, owned by {project.owner or 'nobody yet'}.")


@app.command()
def do(
    number: Annotated[int, typer.Argument(min=1, help="The escalation.")],
    action: Annotated[str, typer.Argument(help=f"One of: {', '.join(acts.ACTIONS)}.")],
    config: Config = DEFAULT_CONFIG,
    text: Annotated[str, typer.Option(help="What: the measure, the milestone, the note.")] = "",
    value: Annotated[str, typer.Option(help="Who or which: a person, a target, a measure's number.")] = "",
    due: Annotated[str, typer.Option(help="Until when: 2026-05-01T12:00+02:00, or in how long: 4h.")] = "",
    happened: Annotated[str, typer.Option(help="On closing: what happened.")] = "",
    why: Annotated[str, typer.Option(help="On closing: why it happened.")] = "",
    change: Annotated[str, typer.Option(help="On closing: what we change.")] = "",
    by_whom: Annotated[str, typer.Option(help="On closing: who changes it, by when.")] = "",
) -> None:
    """Do something to an escalation: measures, hand-overs, milestones, notes, closing with what was learned.

    Example: leitstand escalation do 3 hand-over --value billing --text "Refund the second invoice" --due 4h
    """
    now = clock.now()
    given = Given(text, value, _due(due, now), happened, why, change, by_whom)
    with opened(config) as house:
        done = _do(house, number, action, given, now)
    typer.echo(f"Escalation {number}: {done.project.state}.")


def _do(house: Opened, number: int, action: str, given: Given, now: datetime) -> acts.Done:
    policy = compile_policy(house.settings)
    with house.engine.begin() as connection:
        try:
            done = acts.act(connection, number, action, given, actor=ACTOR, policy=policy, now=now)
        except (NotFoundError, StateError, InputError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        outbox.add(connection, done.notices, now)
    return done


def _due(said: str, now: datetime) -> datetime | None:
    if not said:
        return None
    try:
        return now + parse_duration(said)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise InputError("must be a time as 2026-05-01T12:00+02:00, or a duration as 4h", "due") from None
    if at.tzinfo is None or at > now + timedelta(days=3650):
        raise InputError("needs its offset, as in 2026-05-01T12:00+02:00", "due")
    return at
