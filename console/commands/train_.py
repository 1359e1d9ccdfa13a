"""`leitstand train`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from console.commands import train_risk
from console.offline.labelled import read_labelled
from console.offline.posts import Refused
from console.offline.wording import count, refuse
from console.opened import opened
from console.options import DEFAULT_CONFIG, Config, print_json
from leitstand import clock
from leitstand.errors import ConfigurationError, InputError
from nlp import account, labels, learning, pipeline, site, trained
from nlp.labels import Labelled
from nlp.measures import is_worse
from nlp.site import Comparison, Trained


def command(
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder the model is written to.", file_okay=False)
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="JSON lines with text and sentiment, urgency or intents. Repeatable."),
    ] = None,
    from_labels: Annotated[
        bool, typer.Option("--from-labels", help="Learn from what people corrected in the console, too.")
    ] = False,
    balanced: Annotated[
        bool,
        typer.Option("--balanced", help="Find rare feelings as surely as common ones; else most answers are right."),
    ] = False,
    show_texts: Annotated[
        bool, typer.Option("--show-texts", help="Quote the posts of the worst mistakes in report.md and report.json.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a model even by a worse one.")] = False,
    risk: Annotated[
        bool, typer.Option("--risk", help="Fit the weights of early warning to your own past cases instead.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="With --risk: go back to the starting weights.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as one JSON object, for programs.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Train a model of your own on labelled posts, starting from the shipped one.

    Says by cross-validation how good it is, and does not replace a better model. Writes what it found, by question,
    language and class, as report.md and report.json beside the model.

    Example: leitstand train --data posts.jsonl --out model
    """
    if risk:
        train_risk.fit(config, force=force, forget=forget, as_json=as_json)
        return
    if out is None:
        raise InputError("name the folder that the model is written to", "--out")
    _can_be_written(out)
    posts = [*_from_files(data or []), *(_from_database(config) if from_labels else [])]
    if not posts:
        raise InputError("no labelled posts: name a file with --data, or use --from-labels")
    _train(posts, out, balanced=balanced, show_texts=show_texts, force=force, as_json=as_json)


def _train(posts: list[Labelled], out: Path, *, balanced: bool, show_texts: bool, force: bool, as_json: bool) -> None:
    """Train, say how good it is, and write it unless there is a better one."""
    say, now, shipped = Console(stderr=as_json), clock.now(), pipeline.load()
    with _bar() as progress:
        found = site.train(posts, trained.load(), shipped, now, progress, balanced)
    told = account.account(found, posts, now, show_texts)
    if as_json:
        print_json(told)
    _tell(say, found, len(posts))
    if _stays(say, found, posts, out, shipped) and not force:
        say.print("nothing was written; --force writes it all the same", highlight=False)
        raise typer.Exit(1)
    trained.save(out, found.card, found.own)
    account.write(out, told)
    say.print(
        f'{found.card.name} is in {out}: put model = "{out}" under [nlp] to use it', markup=False, highlight=False
    )


def _can_be_written(out: Path) -> None:
    """Said at once, and not after minutes of training."""
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise InputError(f"{there} is no folder", "--out")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"nothing can be written to {there}", "--out")


def _from_files(files: list[Path]) -> Iterator[Labelled]:
    for file in files:
        for line in read_labelled(file):
            if isinstance(line, Refused):
                refuse(str(file), line)
            else:
                yield line


def _from_database(config: Path) -> list[Labelled]:
    with opened(config) as house, house.engine.connect() as connection:
        return list(labels.corrected(connection))


@contextmanager
def _bar() -> Iterator[learning.Progress]:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading posts", total=1.0)
        yield lambda doing, share: bar.update(task, description=doing, completed=share)


def _tell(say: Console, found: Trained, posts: int) -> None:
    say.print(f"\n{count(posts, 'post')}; trained: {', '.join(found.card.questions)}\n", highlight=False)
    say.print(_table("shipped", found.shipped, "yours, cross-validated", found.card.figures))


def _table(left: str, one: Mapping[str, float], right: str, other: Mapping[str, float]) -> Table:
    table = Table("", left, right, box=None, padding=(0, 2, 0, 0))
    for name, value in other.items():
        table.add_row(name, f"{one[name]:.3f}" if name in one else "–", f"{value:.3f}")
    return table


def _stays(say: Console, found: Trained, posts: list[Labelled], out: Path, shipped: pipeline.Assessor) -> bool:
    """Whether the shipped model, or the one that is in `out` already, is better than the new one."""
    if is_worse(found.card.figures, found.shipped):
        say.print("\n[red]the new model is worse than the shipped one[/]")
        return True
    if not (out / trained.CARD).exists():
        return False
    try:
        there = trained.load(str(out))
    except ConfigurationError as error:  # it was made with other shipped weights, and can be used no more
        say.print(f"\n{out} holds a model that cannot be used ({error.problems[0].message})", markup=False)
        return False
    lost = [question for question in there.card.questions if question not in found.card.questions]
    if lost:
        say.print(
            f"\n[red]{there.card.name} has learned {', '.join(lost)}, the new model has not:"
            " the posts that taught it must be among its data[/]"
        )
        return True
    old = site.compare(found, posts, there, shipped, clock.now())
    say.print(f"\non {_basis(old)}:")
    say.print(_table(old.name, old.old, found.card.name, old.new))
    if is_worse(old.new, old.old):
        say.print(f"[red]the new model is worse than {old.name}[/]")
        return True
    return False


def _basis(old: Comparison) -> str:
    if old.posts:
        return f"{count(old.posts, 'post')} that {old.name} was not trained on"
    return "what each said of itself when it was trained"
