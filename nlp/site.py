"""A site's own model: answers fitted to the site's labelled posts, starting from the shipped model.

    labelled posts ─► material ─► k folds ─► calibration ─► once more on all of them

What the folds say of posts they have not seen is what calibrates the model, and what is told of it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leitstand.errors import InputError
from nlp import learning, material, trained, tuning
from nlp.calibration import Calibration
from nlp.labels import Labelled
from nlp.learning import Progress, Task
from nlp.material import BATCH, Scored
from nlp.measures import COLUMNS, MAIN, answer, calibrate, figures
from nlp.network import SENTIMENT
from nlp.own import Own
from nlp.pipeline import Assessor
from nlp.trained import Card, Model

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LEAST = 50  # posts with an answer, below which a question is not trained
_LARGE = 15_000
_READ = 0.02  # of all the time


@dataclass(frozen=True, slots=True)
class Trained:
    """Own answers with their card, the cross-validated scores behind it, and how good the shipped model is on them.

    `languages` are those of the posts as they were detected, `folds` the main figure of each fold by question.
    """

    card: Card
    own: Own
    scores: Floats
    shipped: Mapping[str, float]
    languages: tuple[str, ...]
    folds: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model that is there already beside the new one, on the same `posts` (0: by what their cards say)."""

    name: str
    posts: int
    new: Mapping[str, float]
    old: Mapping[str, float]


def train(
    posts: Sequence[Labelled],
    base: Model,
    assessor: Assessor,
    now: datetime,
    progress: Progress,
    balanced: bool = False,
) -> Trained:
    """Fit own answers to the posts; see `measures.calibrate` for `balanced`.

    Raises InputError if no question has enough answers.
    """
    questions = [name for name in COLUMNS if _can_be_learned(name, posts)]
    if not questions:
        raise InputError(
            f"no question has {LEAST} labelled posts with more than one answer: there is nothing to learn from"
        )
    read = material.gather(posts, base, assessor, now, lambda: progress("reading posts", 0.0))
    task = learning.task(questions, posts, read, tuning.opened(trained.weights()), trained.fingerprint())
    seen = tuple(fingerprint(post) for post in posts)
    folds = _folds(seen)
    held_out = _validate(task, folds, base, progress)
    own = learning.learn(task, np.arange(len(posts)), _part(progress, "all posts", len(folds), len(folds) + 1))
    progress("done", 1.0)
    how = calibrate(base.card.calibration, questions, posts, held_out, balanced)
    card = Card(
        f"{base.card.name}+{hashlib.blake2b(''.join(seen).encode(), digest_size=3).hexdigest()}",
        how,
        tuple(questions),
        len(posts),
        figures(questions, posts, held_out, how),
        seen,
    )
    told = {question: tuple(_by_fold(question, posts, seen, held_out, how)) for question in questions}
    shipped = _as_answered(questions, posts, Scored(read.said, read.languages, read.addressed), base)
    return Trained(card, own, held_out, shipped, read.languages, told)


def compare(trained: Trained, posts: Sequence[Labelled], old: Model, assessor: Assessor, now: datetime) -> Comparison:
    """The new model beside an old one, on posts that neither has seen; too few of them: by their cross-validations."""
    known = set(old.card.seen)
    fresh = [place for place, seen in enumerate(trained.card.seen) if seen not in known]
    if len(fresh) < LEAST:
        return Comparison(old.card.name, 0, trained.card.figures, old.card.figures)
    chosen = [posts[place] for place in fresh]
    shared = [name for name in trained.card.questions if any(answer(name, post) is not None for post in chosen)]
    return Comparison(
        old.card.name,
        len(fresh),
        figures(shared, chosen, trained.scores[fresh], trained.card.calibration),
        _as_answered(shared, chosen, material.read(chosen, old, assessor, now), old),
    )


def fingerprint(post: Labelled) -> str:
    """What tells whether a model was trained on a post, without keeping its words."""
    return hashlib.blake2b(" ".join(post.text.split()).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _as_answered(questions: Sequence[str], posts: Sequence[Labelled], read: Scored, model: Model) -> dict[str, float]:
    """How good a model is on posts as it answers them: with the lean of each one's language and all its cutoffs."""
    scores, how = read.scores.copy(), model.card.calibration
    scores[:, SENTIMENT] = how.leaned(scores[:, SENTIMENT], read.languages)
    return figures(questions, posts, scores, how, read.addressed)


def _can_be_learned(question: str, posts: Sequence[Labelled]) -> bool:
    """Enough different posts answer it, and not all of them alike: else one would be told for whatever is asked."""
    answers = {fingerprint(posts[place]): tuple(row) for place, row in _answered(question, posts)}
    return len(answers) >= LEAST and len(set(answers.values())) > 1


def _answered(question: str, posts: Sequence[Labelled]) -> Iterator[tuple[int, Sequence[float]]]:
    for place, post in enumerate(posts):
        if (row := answer(question, post)) is not None:
            yield place, row


def _by_fold(
    question: str, posts: Sequence[Labelled], seen: Sequence[str], scores: Floats, how: Calibration
) -> Iterator[float]:
    """The question's main figure on each fold alone: how far they lie apart tells how much chance is in them."""
    for outside in _folds(seen):
        own = [place for place in np.flatnonzero(outside).tolist() if answer(question, posts[place]) is not None]
        if own:
            told = figures([question], [posts[place] for place in own], scores[own], how)
            yield next(told[name] for name in MAIN if name in told)


def _folds(seen: Sequence[str]) -> list[NDArray[np.bool_]]:
    """What each fold holds out, by chance but the same every time: a fifth, of large sets a third.

    Posts of the same words (`seen`) are in one fold: else what was learned by heart would count as understood.
    """
    folds = 5 if len(seen) <= _LARGE else 3
    number = np.random.default_rng(7).permutation(len(seen)) % folds
    first: dict[str, int] = {}
    number = number[[first.setdefault(words, place) for place, words in enumerate(seen)]]
    return [number == fold for fold in range(folds)]


def _validate(task: Task, folds: Sequence[NDArray[np.bool_]], base: Model, progress: Progress) -> Floats:
    """What the other folds say of each post."""
    held_out, read = task.material.scores.copy(), task.material
    for number, outside in enumerate(folds):
        name = f"fold {number + 1} of {len(folds)}"
        own = learning.learn(task, np.flatnonzero(~outside), _part(progress, name, number, len(folds) + 1))
        model, rows = Model(base.card, base.network, own), np.flatnonzero(outside)
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            held_out[part] = model.read([read.texts[row] for row in part], read.features[part]).scores
    return held_out


def _part(progress: Progress, name: str, place: int, count: int) -> Progress:
    """The progress of one of several equal parts."""
    return lambda doing, share: progress(f"{name}, {doing}", _READ + (1 - _READ) * (place + share) / count)
