"""Labelled posts as a training sees them: what the shipped pipeline and network make of each.

labelled posts ─► shipped pipeline ─► folded texts, features ─► shipped network ─► summary, scores, grams
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Mention
from nlp.calibration import Marks
from nlp.features import NAMES, describe
from nlp.labels import Labelled
from nlp.layer import dense_input, grams
from nlp.pipeline import Assessor
from nlp.trained import Model
from nlp.understanding import Understanding
from nlp.verdict import addressed

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

BATCH = 512


@dataclass(frozen=True, slots=True)
class Material:
    """All posts in their order. `row` (sorted), `column` and `value` are the grams, `scores` the shipped network's,
    `said` those of the whole shipped model."""

    texts: Sequence[str]
    languages: tuple[str, ...]
    addressed: Marks
    features: Floats
    dense: Floats
    row: Ints
    column: Ints
    value: Floats
    scores: Floats
    said: Floats

    def entries(self, rows: Ints) -> tuple[Ints, Ints, Floats]:
        """The grams of some posts, numbered anew in their order."""
        first = np.searchsorted(self.row, rows)
        many = np.searchsorted(self.row, rows, side="right") - first
        owner = np.repeat(np.arange(len(rows)), many)
        at = first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
        return owner, self.column[at], self.value[at]


def gather(
    posts: Sequence[Labelled], base: Model, assessor: Assessor, now: datetime, progress: Callable[[], None]
) -> Material:
    """The material in some posts; `progress` is called now and then."""
    texts: list[str] = []
    languages: list[str] = []
    features, dense, rows, columns, scores, said = [], [], [], [], [], []
    for found, spoken in _understood(posts, assessor, now):
        progress()
        read, told = [one.reading.unsilenced for one in found], _features(found)
        seen = base.network.read(read, told)
        post, _, bucket = grams(seen.tokens)
        rows.append(post + len(texts))
        columns.append(bucket)
        features.append(told)
        dense.append(dense_input(seen, told))
        scores.append(seen.scores)
        said.append(base.answer(seen, told).scores)
        texts += read
        languages += spoken
    row = np.concatenate(rows)
    value = (1.0 / np.sqrt(np.maximum(np.bincount(row, minlength=len(posts)), 1)))[row].astype(np.float32)
    return Material(
        texts,
        tuple(languages),
        addressed(texts),
        np.concatenate(features),
        np.concatenate(dense),
        row,
        np.concatenate(columns),
        value,
        np.concatenate(scores),
        np.concatenate(said),
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """A model's scores of posts, and what their calibration asks beside them."""

    scores: Floats
    languages: tuple[str, ...]
    addressed: Marks


def read(posts: Sequence[Labelled], model: Model, assessor: Assessor, now: datetime) -> Scored:
    """What a model makes of posts."""
    texts: list[str] = []
    languages: list[str] = []
    scores = []
    for found, spoken in _understood(posts, assessor, now):
        read = [one.reading.unsilenced for one in found]
        scores.append(model.read(read, _features(found)).scores)
        texts += read
        languages += spoken
    return Scored(np.concatenate(scores), tuple(languages), addressed(texts))


def _understood(
    posts: Sequence[Labelled], assessor: Assessor, now: datetime
) -> Iterator[tuple[list[Understanding], list[str]]]:
    """What the word lists make of each post, and its language, in batches."""
    for start in range(0, len(posts), BATCH):
        mentions = [
            Mention("file", post.id, post.text, now, now, title=post.title) for post in posts[start : start + BATCH]
        ]
        understood = assessor.understand(mentions)
        yield [found for found, _, _ in understood], [language for _, language, _ in understood]


def _features(found: Sequence[Understanding]) -> Floats:
    rows = [describe(one.reading, one.mood, one.concern) for one in found]
    return np.asarray(rows, dtype=np.float32).reshape(-1, len(NAMES))
