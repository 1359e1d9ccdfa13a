"""Fits the weights of a site's layer: logistic regression on dense and hashed sparse input, by L-BFGS, in plain numpy.

Deterministic: the same posts give the same weights.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.calibration import sigmoid, softmax

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_MEMORY, _STEPS, _TOLERANCE = 8, 60, 2e-4
_CHUNK = 1_500_000


@dataclass(frozen=True, slots=True)
class Penalty:
    """How strongly large weights are held back: less, the more posts there are. Found by cross-validation."""

    dense: float = 170.0
    sparse: float = 0.35


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be learned: `dense` and the sparse entries (`row`, sorted, `column`, `value`), and the wanted answers.

    `exclusive` says that exactly one of the answers is true.
    """

    dense: Floats
    row: Ints
    column: Ints
    value: Floats
    columns: int
    wanted: Floats
    exclusive: bool


@dataclass(frozen=True, slots=True)
class Weights:
    dense: Floats
    sparse: Floats
    bias: Floats


def fit(problem: Problem, penalty: Penalty) -> Weights:
    """The weights with the least penalised loss."""
    width, answers = problem.dense.shape[1], problem.wanted.shape[1]
    order = np.argsort(problem.column, kind="stable")
    loss = _loss(problem, penalty, order, width, answers)
    found = minimise(loss, np.zeros((width + problem.columns + 1) * answers, dtype=np.float32))
    table = found.reshape(-1, answers)
    return Weights(table[:width], table[width:-1], table[-1])


def _loss(
    problem: Problem, penalty: Penalty, order: Ints, width: int, answers: int
) -> Callable[[Floats], tuple[float, Floats]]:
    count = len(problem.dense)
    by_column = problem.column[order], problem.row[order], problem.value[order]
    held = np.concatenate(
        [np.full(width, penalty.dense / count), np.full(problem.columns, penalty.sparse / count), np.zeros(1)]
    ).astype(np.float32)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        table = flat.reshape(-1, answers)
        scores = problem.dense @ table[:width] + table[-1]
        scores += _gathered(problem.column, problem.row, problem.value, table[width:-1], count)
        chances = softmax(scores) if problem.exclusive else sigmoid(scores)
        likely = chances if problem.exclusive else np.where(problem.wanted > 0, chances, 1 - chances)
        right = problem.wanted if problem.exclusive else np.ones_like(problem.wanted)
        total = -float((right * np.log(likely + 1e-9)).sum()) / count + float((held * table * table).sum()) / 2
        error = (chances - problem.wanted) / np.float32(count)
        slope = held * table
        slope[:width] += problem.dense.T @ error
        slope[width:-1] += _gathered(by_column[1], by_column[0], by_column[2], error, problem.columns)
        slope[-1] += error.sum(axis=0)
        return total, slope.ravel()

    return loss


def _gathered(source: Ints, target: Ints, value: Floats, table: Floats, size: int) -> Floats:
    """Sums of `value` × `table[source]` by `target`, which is sorted; in chunks, to keep the memory flat."""
    result = np.zeros((size, table.shape[1]), dtype=np.float32)
    for start in range(0, len(source), _CHUNK):
        part = slice(start, start + _CHUNK)
        owner = target[part]
        first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
        result[owner[first]] += np.add.reduceat(table[source[part]] * value[part, None], first, axis=0)
    return result


def minimise(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """L-BFGS with a backtracking line search."""
    point, past = start, deque[tuple[Floats, Floats]](maxlen=_MEMORY)
    value, slope = loss(point)
    for _ in range(_STEPS):
        step = _direction(slope, past)
        stride, along = (1.0 if past else 1.0 / (float(np.abs(slope).sum()) + 1e-9)), float(slope @ step)
        while True:
            tried = point + np.float32(stride) * step
            new, new_slope = loss(tried)
            if new <= value + 1e-4 * stride * along or stride < 1e-6:
                break
            stride *= 0.5
        past.append((tried - point, new_slope - slope))
        done = value - new < _TOLERANCE * max(abs(value), 1e-6)
        point, value, slope = tried, new, new_slope
        if done and len(past) >= _MEMORY:
            break
    return point


def _direction(slope: Floats, past: deque[tuple[Floats, Floats]]) -> Floats:
    step = -slope
    kept = [(move, turn, float(move @ turn)) for move, turn in past if float(move @ turn) > 1e-12]
    shares = []
    for move, turn, curve in reversed(kept):
        share = np.float32(float(move @ step) / curve)
        shares.append(share)
        step = step - share * turn
    if kept:
        move, turn, curve = kept[-1]
        step = step * np.float32(curve / float(turn @ turn))
    for (move, turn, curve), share in zip(kept, reversed(shares), strict=True):
        step = step + move * (share - np.float32(float(turn @ step) / curve))
    return step
