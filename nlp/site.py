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
from nlp.components import Understanding
from nlp.features import NAMES, describe
from nlp.fitting import Penalty, Problem, Weights
from nlp.labels import Labelled
from nlp.layer import BUCKETS, Layer, dense_input, grams
from nlp.measures import COLUMNS, answer, asked, calibrate, figures, wanted
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


@dataclass(frozen=True, slots=True)
class Trained:
    """A layer with its card, the cross-validated scores behind it, and how good the shipped model is on the posts."""

    card: Card
    layer: Layer
    scores: Floats
    shipped: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model that is there already beside the new one, on the same `posts` (0: by what their cards say)."""

    name: str
    posts: int
    new: Mapping[str, float]
    old: Mapping[str, float]


def train(posts: Sequence[Labelled], base: Model, assessor: Assessor, now: datetime, progress: Progress) -> Trained:
    """Fit a layer to the posts. Raises InputError if no question has enough answers."""
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
    how = calibrate(base.card.calibration, questions, posts, held_out)
    card = Card(
        f"{base.card.name}+{hashlib.blake2b(''.join(seen).encode(), digest_size=3).hexdigest()}",
        how,
        tuple(questions),
        len(posts),
        figures(questions, posts, held_out, how),
        seen,
    )
    return Trained(card, layer, held_out, figures(questions, posts, inputs.scores, base.card.calibration))


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


def _validate(question: str, posts: Sequence[Labelled], inputs: _Inputs, held_out: Floats, progress: Progress) -> None:
    """Put into `held_out` what the other folds say of each post."""
    rows, truth = asked(question, posts), wanted(question, posts)
    folds = 5 if len(rows) <= _LARGE else 3
    for fold in range(folds):
        progress(f"{question}, fold {fold + 1} of {folds}", fold / (folds + 1))
        outside = np.arange(len(rows)) % folds == fold
        weights = _fit(question, inputs, rows[~outside], truth[~outside])
        held_out[np.ix_(rows[outside], COLUMNS[question])] = _scores(inputs, rows[outside], weights)
    progress(f"{question}, all posts", folds / (folds + 1))


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
    dense, rows, columns, scores = [], [], [], []
    for start in range(0, len(posts), _BATCH):
        progress("reading posts", 0.0)
        found = _understood(posts[start : start + _BATCH], assessor, now)
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
    return _Inputs(np.concatenate(dense), row, np.concatenate(columns), value, np.concatenate(scores))


def _read(posts: Sequence[Labelled], model: Model, assessor: Assessor, now: datetime) -> Floats:
    scores = []
    for start in range(0, len(posts), _BATCH):
        found = _understood(posts[start : start + _BATCH], assessor, now)
        scores.append(model.read([one.reading.unsilenced for one in found], _features(found)).scores)
    return np.concatenate(scores)


def _understood(posts: Sequence[Labelled], assessor: Assessor, now: datetime) -> list[Understanding]:
    mentions = [Mention("file", post.id, post.text, now, now, title=post.title) for post in posts]
    return [found for found, _, _ in assessor.understand(mentions)]


def _features(found: Sequence[Understanding]) -> Floats:
    rows = [describe(one.reading, one.mood, one.concern) for one in found]
    return np.asarray(rows, dtype=np.float32).reshape(-1, len(NAMES))
