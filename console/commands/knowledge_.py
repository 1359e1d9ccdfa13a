"""`leitstand knowledge`."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline.wording import count
from console.opened import opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.errors import InputError
from leitstand.settings import parse_duration
from triage.knowledge import articles
from triage.knowledge.asked import Asked, asked
from triage.knowledge.search import Found, search

_HELP = """Search solved cases, lessons and articles, keep the articles up to date, or tell what is asked most.

Example: leitstand knowledge search "invoice download"
"""

app = typer.Typer(no_args_is_help=True, help=_HELP)


@app.callback()
def knowledge() -> None:
    """Search solved cases, lessons and articles, keep the articles up to date, or tell what is asked most."""


@app.command()
def sync(config: Config = DEFAULT_CONFIG) -> None:
    """Read the folder of articles anew; `leitstand run` does so when it starts.

    Example: leitstand knowledge sync
    """
    with opened(config) as house:
        folder = house.settings.knowledge.articles
        if folder is None:
            raise InputError('no folder is named: set [knowledge] articles = "…"', "knowledge.articles")
        shelf = articles.read(folder)
        with house.engine.begin() as connection:
            changed, gone = articles.keep(connection, shelf.articles, clock.now())
    for problem in shelf.problems:
        typer.echo(f"left out: {problem}", err=True)
    typer.echo(f"{count(len(shelf.articles), 'article')}: {changed} new or changed, {gone} gone.")
    if shelf.problems:
        raise typer.Exit(1)


@app.command("search")
def search_(
    words: Annotated[str, typer.Argument(help='All of them; "a phrase", or, and -not work as in a web search.')],
    config: Config = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many of each.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find solved cases, lessons of escalations and articles, in German and in English.

    Example: leitstand knowledge search "zwei faktor" --limit 5
    """
    with opened(config) as house, house.engine.connect() as connection:
        found = search(connection, words, limit)
    if as_json:
        print_json(found)
    else:
        _show(found)


@app.command("asked")
def asked_(
    config: Config = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option(help="How far back, as in 7d.")] = "7d",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Tell what was asked most: for whoever writes the answers.

    Example: leitstand knowledge asked --since 30d
    """
    try:
        back: timedelta = parse_duration(since)
    except ValueError as error:
        raise InputError(str(error), "--since") from None
    with opened(config) as house, house.engine.connect() as connection:
        found = asked(connection, clock.now() - back, limit)
    if as_json:
        print_json(found)
    else:
        _show_asked(found)


def _show(found: Found) -> None:
    table = Table("", "title", "tags", "where", box=None)
    for case in found.cases:
        table.add_row("case", Text(case.title), ", ".join(case.tags), str(case.number))
    for article in found.articles:
        table.add_row("article", Text(article.title), ", ".join(article.tags), article.url or article.path)
    for lesson in found.lessons:
        table.add_row("lesson", Text(f"{lesson.title}: {lesson.change}"), "", f"escalation {lesson.number}")
    if found.cases or found.articles or found.lessons:
        Console().print(table)
    else:
        typer.echo("Nothing is known of that yet.")


def _show_asked(found: Asked) -> None:
    if not found.questions:
        typer.echo("Nobody asked anything.")
        return
    table = Table("posts", "case", "question", box=None)
    for question in found.questions:
        table.add_row(str(question.posts), str(question.number), Text(question.title))
    Console().print(table)
    typer.echo("Words: " + ", ".join(f"{word} ({posts})" for word, posts in found.words))
