"""The account `leitstand train` gives of a model, beside the model: `report.json` for programs, `report.md` to read.

Folds, every question by language and class, calibration, cutoffs and the worst mistakes, all measured on posts that the
weights behind each answer had not seen. No words of a post are in it unless they are asked for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from nlp.calibration import Calibration
from nlp.evaluation import Cutoff, Figures, Mistake, Report, report
from nlp.held_out import judged
from nlp.labels import Labelled
from nlp.site import Trained

JSON, TEXT = "report.json", "report.md"
_WORST = 25


@dataclass(frozen=True, slots=True)
class Account:
    """Everything worth knowing of a training. `folds` are the main figure of each fold by question."""

    model: str
    trained_at: datetime
    posts: int
    questions: tuple[str, ...]
    folds: Mapping[str, tuple[float, ...]]
    shipped: Mapping[str, float]
    own: Mapping[str, float]
    calibration: Calibration
    figures: tuple[Figures, ...]
    worst_language: str
    cutoffs: tuple[Cutoff, ...]
    mistakes: tuple[Mistake, ...]


def account(found: Trained, posts: Sequence[Labelled], now: datetime, texts: bool = False) -> Account:
    """What is told of a training. Pure."""
    card = found.card
    answers = judged(posts, found.languages, found.scores, card.calibration, card.name)
    told = report(card.name, answers, 0.0, 0.9)
    return Account(
        card.name,
        now,
        card.posts,
        card.questions,
        found.folds,
        found.shipped,
        card.figures,
        card.calibration,
        tuple(one for one in told.figures if _is_trained(one.question, card.questions)),
        told.worst_language,
        tuple(one for one in told.cutoffs if _is_trained(one.question, card.questions)),
        tuple(_mistakes(told, card.questions, texts)),
    )


def write(folder: Path, told: Account) -> None:
    """Both files, into the model's folder."""
    (folder / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1))
    (folder / TEXT).write_text("\n".join(_lines(told)) + "\n", encoding="utf-8")


def _is_trained(question: str, trained: Sequence[str]) -> bool:
    """The levels of urgency and the single intents are asked one by one, too."""
    if question.startswith("intent "):
        return "intents" in trained
    return question in trained or (question in ("high", "critical", "needs_reply") and "urgency" in trained)


def _mistakes(told: Report, trained: Sequence[str], texts: bool) -> Iterator[Mistake]:
    own = [one for one in told.mistakes if _is_trained(one.question, trained)]
    for one in own[:_WORST]:
        yield one if texts else replace(one, text="")


def _lines(told: Account) -> Iterator[str]:
    yield f"# {told.model}"
    yield ""
    yield f"Trained {told.trained_at:%Y-%m-%d %H:%M} UTC on {told.posts:,} posts; learned: {', '.join(told.questions)}."
    yield "All figures are of posts that the weights behind the answer had not seen."
    yield from _table("Beside the shipped model", ("", "shipped", "this model"), _beside(told))
    yield from _table("By fold", ("question", "main figure of each fold"), _folds(told))
    yield from _table("By question and language", _OVERVIEW, map(_overview, told.figures))
    for one in told.figures:
        if one.language == "all":
            yield from _classes(one)
    if told.worst_language:
        yield from ("", f"Worst language: {told.worst_language}")
    yield from _table("Calibration", ("", ""), _calibration(told.calibration))
    yield from _table("Cutoffs for 90 % precision", ("question", "cutoff", "recall there"), map(_cutoff, told.cutoffs))
    yield from _table(
        "Surest mistakes", ("post", "question", "is", "said", "sure", "text"), map(_mistake, told.mistakes)
    )


_OVERVIEW = ("question", "language", "posts", "micro-F1", "macro-F1", "macro-recall", "unknown", "ECE", "Brier")


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}")
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in row)} |"


def _beside(told: Account) -> Iterator[Sequence[str]]:
    for name, value in told.own.items():
        yield name, f"{told.shipped[name]:.3f}" if name in told.shipped else "–", f"{value:.3f}"


def _folds(told: Account) -> Iterator[Sequence[str]]:
    for question, values in told.folds.items():
        yield question, ", ".join(f"{value:.3f}" for value in values)


def _overview(one: Figures) -> Sequence[str]:
    numbers = (one.accuracy, one.macro_f1, one.macro_recall, one.abstained, one.ece, one.brier)
    return one.question, one.language, f"{one.posts:,}", *(f"{number:.3f}" for number in numbers)


def _classes(one: Figures) -> Iterator[str]:
    answers = [each.name for each in one.classes]
    rows = [
        (each.name, *map(str, row), f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}")
        for each, row in zip(one.classes, one.confusion, strict=True)
    ]
    yield from _table(one.question, ("is / said", *answers, "unknown", "precision", "recall", "F1"), rows)


def _calibration(how: Calibration) -> Iterator[Sequence[str]]:
    yield "temperature of the sentiment", f"{how.sentiment_temperature:.3f}"
    yield "lean to negative, neutral, positive", ", ".join(f"{one:+.2f}" for one in how.lean)
    yield "unknown under", f"{how.unknown:.2f}"
    yield "temperature of the urgency", f"{how.urgency_temperature:.3f}"
    yield "needs an answer from", f"{how.reply:.2f}"
    yield "high from", f"{how.high:.2f}"
    yield "critical from", f"{how.critical:.2f}"
    for intent, cutoff in how.intents.items():
        yield f"{intent} from", f"{cutoff:.2f}"


def _cutoff(one: Cutoff) -> Sequence[str]:
    return one.question, "none" if one.cutoff is None else f"{one.cutoff:.3f}", f"{one.recall:.3f}"


def _mistake(one: Mistake) -> Sequence[str]:
    return one.id, one.question, one.truth, one.answer, f"{one.sureness:.2f}", one.text
