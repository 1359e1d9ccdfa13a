"""`leitstand evaluate`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from console.offline.labelled import read_labelled
from console.offline.posts import Refused
from console.offline.wording import count, refuse
from console.options import AsJson, WhoseModel, print_json
from leitstand import clock
from leitstand.errors import InputError
from nlp import evaluation, pipeline
from nlp.evaluation import Figures, Report
from nlp.labels import Labelled
from workers import setup

_SHOWN = 20


def command(
    data: Annotated[list[Path], typer.Option("--data", help="Labelled posts, JSON lines. Repeatable.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="A folder that `leitstand train` wrote. Without: the shipped model.")
    ] = None,
    precision: Annotated[
        float, typer.Option("--precision", min=0.0, max=1.0, help="How often a yes shall be right: suggests cutoffs.")
    ] = 0.9,
    errors: Annotated[int, typer.Option("--errors", min=0, help="How many of the surest mistakes to name.")] = _SHOWN,
    show_texts: Annotated[bool, typer.Option("--show-texts", help="Print the mistaken posts' texts, too.")] = False,
    config: WhoseModel = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled posts, by language and by class.

    Example: leitstand evaluate --model model --data posts.jsonl
    """
    posts = _read(data)
    if not posts:
        raise InputError("no labelled posts in the data")
    assessor = pipeline.load(setup.load(config, secrets=False) if config else None, str(model or ""))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("assessing", total=len(posts))
        report = evaluation.evaluate(
            assessor, posts, clock.now(), precision, lambda done: bar.update(task, completed=done)
        )
    mistakes = report.mistakes[:errors]
    if not show_texts:
        mistakes = tuple(replace(mistake, text="") for mistake in mistakes)
    report = replace(report, mistakes=mistakes)
    if as_json:
        print_json(report)
    else:
        _print(Console(), report)


def _read(files: list[Path]) -> list[Labelled]:
    posts = []
    for file in files:
        for line in read_labelled(file):
            if isinstance(line, Refused):
                refuse(str(file), line)
            else:
                posts.append(line)
    return posts


def _print(say: Console, report: Report) -> None:
    say.print(f"{report.model}: {count(report.posts, 'post')}, {report.posts_per_second:,.0f} posts/s", highlight=False)
    say.print(_overview(report))
    say.print(_yes(report))
    for question in ("sentiment", "urgency"):
        for figures in report.figures:
            if figures.question == question:
                _detail(say, figures)
    if report.worst_language:
        say.print(f"worst language: {report.worst_language}", highlight=False)
    if report.cutoffs:
        say.print(_cutoffs(report))
    if report.mistakes:
        say.print(_mistakes(report))


def _overview(report: Report) -> Table:
    names = (
        "question",
        "in",
        "posts",
        "micro-F1",
        "macro-F1",
        "macro-recall",
        "unknown",
        "ECE",
        "Brier",
    )
    table = Table(*names, box=None, padding=(0, 1, 0, 0))
    for one in report.figures:
        numbers = [one.accuracy, one.macro_f1, one.macro_recall]
        table.add_row(
            one.question,
            one.language,
            f"{one.posts:,}",
            *(f"{number:.3f}" for number in numbers),
            f"{one.abstained:.1%}",
            f"{one.ece:.3f}",
            f"{one.brier:.3f}",
        )
    return table


def _yes(report: Report) -> Table:
    """Of the questions with yes and no: how often a yes is right, and how many are found."""
    table = Table("question", "in", "yes", "precision", "recall", "F1", box=None, padding=(0, 2, 0, 0))
    for one in report.figures:
        for each in one.classes:
            if each.name == "yes":
                numbers = (f"{number:.3f}" for number in (each.precision, each.recall, each.f1))
                table.add_row(one.question, one.language, f"{each.posts:,}", *numbers)
    return table


def _detail(say: Console, figures: Figures) -> None:
    answers = [each.name for each in figures.classes]
    table = Table("is \\ said", *answers, "unknown", "precision", "recall", "F1", box=None, padding=(0, 2, 0, 0))
    for each, row in zip(figures.classes, figures.confusion, strict=True):
        numbers = [f"{number:.3f}" for number in (each.precision, each.recall, each.f1)]
        table.add_row(each.name, *(f"{cell:,}" for cell in row), *numbers)
    say.print(f"\n[bold]{figures.question}[/], {figures.language}")
    say.print(table)


def _cutoffs(report: Report) -> Table:
    wanted = report.cutoffs[0].precision
    table = Table("question", f"cutoff for {wanted:.0%} precision", "recall there", box=None, padding=(0, 2, 0, 0))
    for one in report.cutoffs:
        table.add_row(one.question, "none" if one.cutoff is None else f"{one.cutoff:.3f}", f"{one.recall:.3f}")
    return table


def _mistakes(report: Report) -> Table:
    table = Table("id", "question", "is", "said", "sure", "text", box=None, padding=(0, 2, 0, 0))
    for one in report.mistakes:
        table.add_row(one.id, one.question, one.truth, one.answer, f"{one.sureness:.2f}", one.text)
    return table
