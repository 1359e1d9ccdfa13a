"""Learns a site's own answers from some of its posts: the layer by its best fit, the network by a few passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp import fitting, tuning
from nlp.fitting import Penalty, Problem, Weights
from nlp.labels import Labelled
from nlp.layer import BUCKETS, Layer
from nlp.material import Material
from nlp.measures import COLUMNS, asked, wanted
from nlp.network import OUTPUTS
from nlp.own import Own
from nlp.tuning import Lesson, Pace

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Progress = Callable[[str, float], None]

_FEW, _MANY = 1_000, 5_000


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be learned: the `questions`, the `wanted` answers to all outputs, and which are `asked` (1, else 0).

    `start` are the shipped weights as numbers that can move, `shipped` tells which they are.
    """

    questions: Sequence[str]
    material: Material
    wanted: Floats
    asked: Floats
    start: Mapping[str, Floats]
    shipped: str


def task(
    questions: Sequence[str], posts: Sequence[Labelled], material: Material, start: Mapping[str, Floats], shipped: str
) -> Task:
    answers = np.zeros((2, len(posts), OUTPUTS), dtype=np.float32)
    for question in questions:
        at = np.ix_(asked(question, posts), COLUMNS[question])
        answers[0][at], answers[1][at] = wanted(question, posts), 1.0
    return Task(questions, material, answers[0], answers[1], start, shipped)


def learn(task: Task, rows: Ints, progress: Progress) -> Own:
    """The answers as the posts in `rows` teach them."""
    progress("layer", 0.0)
    columns = np.concatenate([COLUMNS[question] for question in task.questions])
    layer = _layer(task, rows)
    tuned = tuning.tune(
        task.start,
        _lesson(task, rows[task.asked[rows].any(axis=1)]),
        _pace(len(rows)),
        lambda share: progress("network", 0.3 + 0.7 * share),
    )
    return Own(columns, tuning.closed(tuned), layer, task.shipped)


def _pace(posts: int) -> Pace:
    """Found by cross-validation: few posts make too few steps unless the batches are small, many need fewer passes."""
    if posts < _FEW:
        return Pace(passes=3, batch=8)
    return Pace(passes=4 if posts <= _MANY else 2)


def _lesson(task: Task, rows: Ints) -> Lesson:
    texts = [task.material.texts[row] for row in rows]
    return Lesson(texts, task.material.features[rows], task.wanted[rows], task.asked[rows])


def _layer(task: Task, rows: Ints) -> Layer:
    dense = task.material.dense[rows]
    mean, scale = dense.mean(axis=0), (1.0 / (dense.std(axis=0) + 1e-3)).astype(np.float32)
    found = [_fit(question, task, rows, mean, scale) for question in task.questions]
    return Layer(
        np.concatenate([one.dense for one in found], axis=1),
        np.concatenate([one.sparse for one in found], axis=1),
        np.concatenate([one.bias for one in found]),
        mean,
        scale,
    )


def _fit(question: str, task: Task, rows: Ints, mean: Floats, scale: Floats) -> Weights:
    columns = COLUMNS[question]
    own = rows[task.asked[rows, columns[0]] > 0]
    row, column, value = task.material.entries(own)
    used, short = np.unique(column, return_inverse=True)
    dense, truth = (task.material.dense[own] - mean) * scale, task.wanted[np.ix_(own, columns)]
    found = fitting.fit(Problem(dense, row, short, value, len(used), truth, question != "intents"), Penalty())
    sparse = np.zeros((BUCKETS, truth.shape[1]), dtype=np.float32)
    sparse[used] = found.sparse
    return Weights(found.dense, sparse, found.bias)
