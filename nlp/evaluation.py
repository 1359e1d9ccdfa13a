"""How good a model is on labelled posts: what `leitstand evaluate` prints, and what decides whether a model is used."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Assessment, Intent, Mention, Sentiment, Urgency
from nlp.calibration import Reliability, cutoff_for, reliability
from nlp.labels import Labelled
from nlp.pipeline import Assessor
from nlp.verdict import FEELINGS, Verdict

BATCH = 256
_NAMES = {"sentiment": [feeling.value for feeling in FEELINGS], "urgency": [str(int(level)) for level in Urgency]}
_FEW = 20  # in fewer posts of a language, chance decides
_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Of one class: how many posts are of it, how often it is named rightly, how many of it are found."""

    name: str
    posts: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One question on the posts of one language ("all": of every one).

    `accuracy` is the micro-F1 of a question with one answer. `confusion` has a row per class and a column per answer,
    the last for "unknown".
    """

    question: str
    language: str
    posts: int
    classes: tuple[ClassFigures, ...]
    accuracy: float
    macro_f1: float
    macro_recall: float
    abstained: float
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    brier: float


@dataclass(frozen=True, slots=True)
class Cutoff:
    """From which probability on "yes", or any feeling, is right as often as wanted; None: from none on.

    `recall` is the share found of those that are a "yes"; of feelings, the share of the right answers still given.
    """

    question: str
    precision: float
    cutoff: float | None
    recall: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer, and how sure of it the model was."""

    id: str
    question: str
    truth: str
    answer: str
    sureness: float
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything `leitstand evaluate` says."""

    model: str
    posts: int
    posts_per_second: float
    figures: tuple[Figures, ...]
    worst_language: str
    cutoffs: tuple[Cutoff, ...]
    mistakes: tuple[Mistake, ...]

    def of(self, question: str, language: str = "all") -> Figures | None:
        return next((one for one in self.figures if (one.question, one.language) == (question, language)), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled post and what the model said of it."""

    post: Labelled
    assessment: Assessment
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Answer:
    """One question on one post. `chances` are the probabilities of the question's classes; empty: none was given."""

    id: str
    language: str
    truth: str
    given: str
    chances: Sequence[float]
    text: str


def evaluate(
    assessor: Assessor,
    posts: Sequence[Labelled],
    now: datetime,
    precision: float = 0.9,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Assess all posts and compare with their labels."""
    started = time.perf_counter()
    judged = list(judge(assessor, posts, now, progress))
    speed = len(posts) / max(time.perf_counter() - started, 1e-9)
    return report(assessor.model, judged, speed, precision)


def judge(
    assessor: Assessor, posts: Sequence[Labelled], now: datetime, progress: Callable[[int], None] = lambda done: None
) -> Iterator[Judged]:
    """What the model says of each post."""
    for start in range(0, len(posts), BATCH):
        batch = posts[start : start + BATCH]
        mentions = [Mention("file", post.id, post.text, now, now, title=post.title, language="") for post in batch]
        for post, (assessment, verdict) in zip(batch, assessor.explain(mentions), strict=True):
            yield Judged(post, assessment, verdict)
        progress(start + len(batch))


def report(model: str, judged: Sequence[Judged], speed: float, precision: float) -> Report:
    """The figures of all questions that at least one post has a label for. Pure."""
    asked = {question: list(_answers(question, judged)) for question in _questions()}
    figures = [one for question, found in asked.items() if found for one in _by_language(question, found)]
    return Report(
        model,
        len(judged),
        speed,
        tuple(figures),
        _worst_language(figures),
        tuple(
            _cutoff(question, found, precision) for question, found in asked.items() if found and question != "urgency"
        ),
        tuple(_mistakes(asked)),
    )


def _questions() -> list[str]:
    return ["sentiment", "urgency", "high", "critical", "needs_reply", *(f"intent {intent.value}" for intent in Intent)]


def _binary(question: str) -> bool:
    return question not in _NAMES


def _answers(question: str, judged: Sequence[Judged]) -> Iterator[_Answer]:
    for one in judged:
        found = _pair(question, one)
        if found is not None:
            truth, given, chances = found
            language = one.post.language or one.assessment.language
            yield _Answer(one.post.id, language, truth, given, chances, one.post.text)


def _pair(question: str, one: Judged) -> tuple[str, str, Sequence[float]] | None:
    """Truth, answer and probabilities of a question on a post; None where the post has no label for it."""
    label, said, verdict = one.post.label, one.assessment, one.verdict
    if question == "sentiment":
        if label.sentiment is None or label.sentiment is Sentiment.UNKNOWN:  # nobody knows: no answer would be wrong
            return None
        return label.sentiment, said.sentiment, verdict.feelings
    if question == "needs_reply":
        wanted = label.needs_reply
        if wanted is None and label.urgency is not None:
            wanted = label.urgency >= Urgency.NORMAL
        return None if wanted is None else _yes_or_no(wanted, said.needs_reply, sum(verdict.levels[1:]))
    if question.startswith("intent "):
        intent = Intent(question.removeprefix("intent "))
        if label.intents is None:
            return None
        chance = verdict.chances[list(Intent).index(intent)] if verdict.chances else 0.0
        return _yes_or_no(intent in label.intents, intent in said.intents, chance)
    if label.urgency is None:
        return None
    if question == "urgency":
        return str(int(label.urgency)), str(int(said.urgency)), verdict.levels
    least = Urgency.HIGH if question == "high" else Urgency.CRITICAL
    return _yes_or_no(label.urgency >= least, said.urgency >= least, sum(verdict.levels[least:]))


def _yes_or_no(truth: bool, given: bool, chance: float) -> tuple[str, str, Sequence[float]]:
    return _word(truth), _word(given), (1 - chance, chance)


def _word(yes: bool) -> str:
    return _YES if yes else _NO


def _by_language(question: str, found: Sequence[_Answer]) -> Iterator[Figures]:
    yield _figures(question, "all", found)
    for language in sorted({one.language for one in found}):
        own = [one for one in found if one.language == language]
        if len(own) < len(found):
            yield _figures(question, language, own)


def _figures(question: str, language: str, found: Sequence[_Answer]) -> Figures:
    names = _NAMES.get(question, [_NO, _YES])
    table = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    for one in found:
        table[names.index(one.truth), names.index(one.given) if one.given in names else len(names)] += 1
    classes = tuple(_class(name, table, place) for place, name in enumerate(names))
    there = [one for one in classes if one.posts]
    sure = _reliability(names, found)
    return Figures(
        question,
        language,
        len(found),
        classes,
        _share(int(np.trace(table)), len(found)),
        sum(one.f1 for one in there) / len(there),
        sum(one.recall for one in there) / len(there),
        _share(int(table[:, -1].sum()), len(found)),
        tuple(tuple(row) for row in table.tolist()),
        round(sure.ece, 4),
        round(sure.brier, 4),
    )


def _class(name: str, table: NDArray[np.int64], place: int) -> ClassFigures:
    hit, posts, named = int(table[place, place]), int(table[place].sum()), int(table[:, place].sum())
    return ClassFigures(name, posts, _share(hit, named), _share(hit, posts), _share(2 * hit, posts + named))


def _reliability(names: Sequence[str], found: Sequence[_Answer]) -> Reliability:
    told = [one for one in found if len(one.chances) == len(names)]
    if not told:
        return Reliability(0.0, 0.0)
    chances = np.asarray([one.chances for one in told], dtype=np.float32)
    return reliability(chances, np.asarray([names.index(one.truth) for one in told]))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _worst_language(figures: Sequence[Figures]) -> str:
    own = [one for one in figures if one.language != "all" and one.posts >= _FEW and not _binary(one.question)]
    return min(own, key=lambda one: one.macro_f1).language if own else ""


def _cutoff(question: str, found: Sequence[_Answer], precision: float) -> Cutoff:
    """For "yes", or for any answer of a question with more than two."""
    names, first = ([_YES], 1) if _binary(question) else (_NAMES[question], 0)
    likely = [(one.truth, dict(zip(one.chances[first:], names, strict=True))) for one in found if one.chances]
    chances = np.asarray([max(answers) for _, answers in likely], dtype=np.float32)
    truth = np.asarray([answers[max(answers)] == true for true, answers in likely], dtype=np.bool_)
    best = cutoff_for(chances, truth, precision)
    return Cutoff(question, precision, None, 0.0) if best is None else Cutoff(question, precision, *best)


def _mistakes(asked: dict[str, list[_Answer]]) -> Iterator[Mistake]:
    """The surest wrong answers first."""
    wrong = [
        Mistake(one.id, question, one.truth, one.given, round(max(one.chances, default=0.0), 3), one.text)
        for question in _NAMES
        for one in asked[question]
        if one.truth != one.given
    ]
    yield from sorted(wrong, key=lambda one: -one.sureness)
