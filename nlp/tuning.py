"""Goes on teaching the network: a few passes over labelled posts, from the weights it has, by AdamW's rule.

Deterministic: the same posts give the same weights. Rows of the two large tables move only when a batch used them; the
momentum that would carry them on for a while is put into that one step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.calibration import sigmoid, softmax
from nlp.gradient import GROUPS, WORDS, Drop, Slopes, backwards, forwards
from nlp.network import INTENTS, SENTIMENT, URGENCY
from nlp.tokens import read_tokens

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Progress = Callable[[float], None]

_TABLES = (WORDS, GROUPS)
_WARM, _LAST = 20, 0.02
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True)
class Lesson:
    """Posts as the network reads them, the `wanted` answers, and which of them are `asked` (1, else 0)."""

    texts: Sequence[str]
    features: Floats
    wanted: Floats
    asked: Floats

    def of(self, rows: Ints) -> "Lesson":
        """Some of the posts."""
        return Lesson([self.texts[row] for row in rows], self.features[rows], self.wanted[rows], self.asked[rows])


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast is learned."""

    passes: int
    batch: int = 32
    rate: float = 1e-3
    tables: float = 3e-3


def opened(held: Mapping[str, Floats]) -> dict[str, Floats]:
    """The weights in the arrays of a file, as numbers that can move."""
    found = {name: array.astype(np.float32) for name, array in held.items() if not name.startswith(_TABLES)}
    return found | {name: held[f"{name}.q"] * held[f"{name}.s"].astype(np.float32) for name in _TABLES}


def closed(weights: Mapping[str, Floats]) -> dict[str, NDArray[np.generic]]:
    """The arrays of a file; the tables in 8 bits with a scale by row."""
    found: dict[str, NDArray[np.generic]] = {name: weights[name] for name in weights if name not in _TABLES}
    for name in _TABLES:
        scale = np.abs(weights[name]).max(axis=1, keepdims=True) / 127 + 1e-7
        found[f"{name}.q"] = np.round(weights[name] / scale).astype(np.int8)
        found[f"{name}.s"] = scale.astype(np.float16)
    return found


def tune(start: Mapping[str, Floats], lesson: Lesson, pace: Pace, progress: Progress) -> dict[str, Floats]:
    """The weights after some passes over a lesson."""
    weights = {name: array.copy() for name, array in start.items()}
    dice, count = np.random.default_rng(7), len(lesson.texts)
    drop, steps = Drop(dice), pace.passes * -(-count // pace.batch)
    adam, step = _Adam(weights), 0
    for _ in range(pace.passes):
        order = dice.permutation(count)
        for first in range(0, count, pace.batch):
            part = lesson.of(order[first : first + pace.batch])
            seen = forwards(weights, read_tokens(part.texts), part.features, drop)
            slopes = backwards(weights, seen, slope(seen.scores, part))
            step += 1
            adam.move(slopes, pace, min(1.0, step / _WARM) * max(_LAST, 1 - step / steps))
            progress(step / steps)
    return weights


def slope(scores: Floats, lesson: Lesson) -> Floats:
    """How the lesson's mean loss (cross entropy, by question) changes with the scores."""
    said = np.concatenate(
        [softmax(scores[:, SENTIMENT]), softmax(scores[:, URGENCY]), sigmoid(scores[:, INTENTS])], axis=1
    )
    return (said - lesson.wanted) * lesson.asked / np.float32(len(scores))


class _Adam:
    """What is remembered of past slopes: their mean, and that of their squares."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights, self._step = weights, 0
        self._mean = {name: np.zeros_like(weights[name]) for name in weights if name not in _TABLES}
        self._square = {name: np.zeros(array.shape, dtype=np.float32) for name, array in weights.items()}

    def move(self, slopes: Slopes, pace: Pace, share: float) -> None:
        """One step downhill, at a share of the full pace."""
        self._step += 1
        for name, found in slopes.dense.items():
            mean = self._mean[name]
            mean += np.float32(1 - _FIRST) * (found - mean)
            ahead = mean / np.float32(1 - _FIRST**self._step)
            self._weights[name] -= self._stride(name, slice(None), found, pace.rate * share) * ahead
        for name, rows in slopes.tables.items():
            self._weights[name][rows.place] -= (
                self._stride(name, rows.place, rows.slope, pace.tables * share) * rows.slope
            )

    def _stride(self, name: str, place: Ints | slice, found: Floats, rate: float) -> Floats:
        square = self._square[name][place]
        square += np.float32(1 - _SECOND) * (found * found - square)
        self._square[name][place] = square
        stride: Floats = np.float32(rate) / (np.sqrt(square / np.float32(1 - _SECOND**self._step)) + np.float32(_TINY))
        return stride
