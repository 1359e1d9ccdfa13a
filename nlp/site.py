"""A site's own model: a layer on top of the shipped one, fitted to the site's labelled posts.

    labelled posts ─► shipped pipeline ─► summary, features, grams ─► k folds ─► calibration ─► the layer on all of them

What the folds say of posts they have not seen is what calibrates the model, and what is told of it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leitstand.errors import InputError
from leitstand.model import Mention
from nlp import fitting
from nlp.calibration import Calibration
from nlp.components import Understanding
from nlp.features import NAMES, describe
from nlp.fitting import Penalty, Problem, Weights
from nlp.labels import Labelled
from nlp.layer import BUCKETS, Layer, dense_input, grams
from nlp.measures import COLUMNS, MAIN, answer, asked, calibrate, figures, wanted
from nlp.network import SENTIMENT
from nlp.pipeline import Assessor
from nlp.trained import Card, Model

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Progress = Callable[[str, float], None]

LEAST = 50  # posts with an answer, below which a question is not trained
_BATCH = 512
_LARGE = 15_000


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All posts as the layer sees them. `row` is sorted; `scores` are the shipped model's."""

    dense: Floats
    row: Ints
    column: Ints
    value: Floats
    scores: Floats
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """A layer with its card, the cross-validated scores behind it, and how good the shipped model is on the posts.

    `languages` are those of the posts as they were detected, `folds` the main figure of each fold by question.
    """

    card: Card
    layer: Layer
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
    """Fit a layer to the posts; see `measures.calibrate` for `balanced`.

    Raises InputError if no question has enough answers.
    """
    questions = [name for name in COLUMNS if len(asked(name, posts)) >= LEAST]
    if not questions:
        raise InputError(f"no question has {LEAST} labelled posts: there is nothing to learn from")
    inputs = _inputs(posts, base, assessor, now, progress)
    mean, scale = inputs.dense.mean(axis=0), (1.0 / (inputs.dense.std(axis=0) + 1e-3)).astype(np.float32)
    inputs = replace(inputs, dense=(inputs.dense - mean) * scale)
    held_out, weights = inputs.scores.copy(), []
    for place, question in enumerate(questions):
        _validate(question, posts, inputs, held_out, _part(progress, place, len(questions)))
        weights.append(_fit(question, inputs, asked(question, posts), wanted(question, posts)))
    progress("done", 1.0)
    layer = Layer(
        np.concatenate([COLUMNS[question] for question in questions]),
        np.concatenate([one.dense for one in weights], axis=1),
        np.concatenate([one.sparse for one in weights], axis=1),
        np.concatenate([one.bias for one in weights]),
        mean,
        scale,
    )
    seen = tuple(fingerprint(post) for post in posts)
    how = calibrate(base.card.calibration, questions, posts, held_out, balanced)
    card = Card(
        f"{base.card.name}+{hashlib.blake2b(''.join(seen).encode(), digest_size=3).hexdigest()}",
        how,
        tuple(questions),
        len(posts),
        figures(questions, posts, held_out, how),
        seen,
    )
    told = {question: _by_fold(question, posts, held_out, how) for question in questions}
    return Trained(card, layer, held_out, _shipped(questions, posts, inputs, base), inputs.languages, told)


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
        figures(shared, chosen, _read(chosen, old, assessor, now), old.card.calibration),
    )


def fingerprint(post: Labelled) -> str:
    """What tells whether a model was trained on a post, without keeping its words."""
    return hashlib.blake2b(" ".join(post.text.split()).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _shipped(questions: Sequence[str], posts: Sequence[Labelled], inputs: _Inputs, base: Model) -> dict[str, float]:
    """How good the model underneath is on the same posts, each read with its language's lean."""
    scores, how = inputs.scores.copy(), base.card.calibration
    scores[:, SENTIMENT] = how.leaned(scores[:, SENTIMENT], inputs.languages)
    return figures(questions, posts, scores, how)


def _by_fold(question: str, posts: Sequence[Labelled], scores: Floats, how: Calibration) -> tuple[float, ...]:
    """The question's main figure on each fold alone: how far they lie apart tells how much chance is in them."""
    rows, found = asked(question, posts), []
    for held in _folds(len(rows)):
        own = rows[held]
        told = figures([question], [posts[place] for place in own], scores[own], how)
        found.append(next(told[name] for name in MAIN if name in told))
    return tuple(found)


def _folds(count: int) -> list[NDArray[np.bool_]]:
    """What each fold holds out: a fifth, of large sets a third."""
    folds = 5 if count <= _LARGE else 3
    return [np.arange(count) % folds == fold for fold in range(folds)]


def _validate(question: str, posts: Sequence[Labelled], inputs: _Inputs, held_out: Floats, progress: Progress) -> None:
    """Put into `held_out` what the other folds say of each post."""
    rows, truth = asked(question, posts), wanted(question, posts)
    folds = _folds(len(rows))
    for number, outside in enumerate(folds):
        progress(f"{question}, fold {number + 1} of {len(folds)}", number / (len(folds) + 1))
        weights = _fit(question, inputs, rows[~outside], truth[~outside])
        held_out[np.ix_(rows[outside], COLUMNS[question])] = _scores(inputs, rows[outside], weights)
    progress(f"{question}, all posts", len(folds) / (len(folds) + 1))


def _part(progress: Progress, place: int, count: int) -> Progress:
    """The progress of one of several equal parts."""
    return lambda doing, share: progress(doing, (place + share) / count)


def _fit(question: str, inputs: _Inputs, rows: Ints, truth: Floats) -> Weights:
    row, column, value = _entries(inputs, rows)
    used, short = np.unique(column, return_inverse=True)
    exclusive = question != "intents"
    found = fitting.fit(Problem(inputs.dense[rows], row, short, value, len(used), truth, exclusive), Penalty())
    sparse = np.zeros((BUCKETS, truth.shape[1]), dtype=np.float32)
    sparse[used] = found.sparse
    return Weights(found.dense, sparse, found.bias)


def _scores(inputs: _Inputs, rows: Ints, weights: Weights) -> Floats:
    row, column, value = _entries(inputs, rows)
    scores: Floats = inputs.dense[rows] @ weights.dense + weights.bias
    np.add.at(scores, row, weights.sparse[column] * value[:, None])
    return scores


def _entries(inputs: _Inputs, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """The sparse entries of some posts, numbered anew in their order."""
    first = np.searchsorted(inputs.row, rows)
    many = np.searchsorted(inputs.row, rows, side="right") - first
    owner = np.repeat(np.arange(len(rows)), many)
    at = first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
    return owner, inputs.column[at], inputs.value[at]


def _inputs(posts: Sequence[Labelled], base: Model, assessor: Assessor, now: datetime, progress: Progress) -> _Inputs:
    dense, rows, columns, scores, languages = [], [], [], [], []
    for start in range(0, len(posts), _BATCH):
        progress("reading posts", 0.0)
        understood = _understood(posts[start : start + _BATCH], assessor, now)
        languages += [language for _, language in understood]
        found = [one for one, _ in understood]
        features = _features(found)
        seen = base.network.read([one.reading.unsilenced for one in found], features)
        post, _, bucket = grams(seen.tokens)
        dense.append(dense_input(seen, features))
        rows.append(post + start)
        columns.append(bucket)
        scores.append(seen.scores)
    row = np.concatenate(rows)
    many = np.bincount(row, minlength=len(posts))
    value = (1.0 / np.sqrt(np.maximum(many, 1)))[row].astype(np.float32)
    return _Inputs(np.concatenate(dense), row, np.concatenate(columns), value, np.concatenate(scores), tuple(languages))


def _read(posts: Sequence[Labelled], model: Model, assessor: Assessor, now: datetime) -> Floats:
    scores = []
    for start in range(0, len(posts), _BATCH):
        found = [one for one, _ in _understood(posts[start : start + _BATCH], assessor, now)]
        scores.append(model.read([one.reading.unsilenced for one in found], _features(found)).scores)
    return np.concatenate(scores)


def _understood(posts: Sequence[Labelled], assessor: Assessor, now: datetime) -> list[tuple[Understanding, str]]:
    mentions = [Mention("file", post.id, post.text, now, now, title=post.title) for post in posts]
    return [(found, language) for found, language, _ in assessor.understand(mentions)]


def _features(found: Sequence[Understanding]) -> Floats:
    rows = [describe(one.reading, one.mood, one.concern) for one in found]
    return np.asarray(rows, dtype=np.float32).reshape(-1, len(NAMES))
