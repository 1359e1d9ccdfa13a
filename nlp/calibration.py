"""From scores to honest probabilities, and from probabilities to answers: what a model carries beside its weights.

A temperature makes a model's confidence mean what it says; cutoffs say from which probability on an answer is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Intent

Floats = NDArray[np.float32]
Marks = NDArray[np.bool_]
BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's scores are read.

    `lean` is added to the scores of negative, neutral and positive; `leans` are those of single languages. `reply`,
    `high` and `critical` are the least probabilities of at least that urgency; `addressed`, if there is one, is `high`
    for posts that begin by naming an account: of what is said to a desk, more is meant for now. `intents` are the least
    probabilities by intent. Under `unknown` the sentiment is not given.
    """

    sentiment_temperature: float = 1.0
    urgency_temperature: float = 1.0
    lean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    leans: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    unknown: float = 0.34
    reply: float = 0.5
    high: float = 0.5
    addressed: float | None = None
    critical: float = 0.5
    intents: Mapping[str, float] = field(default_factory=dict)

    def of(self, language: str) -> Self:
        """As it is for a language."""
        return replace(self, lean=self.leans[language]) if language in self.leans else self

    def leaned(self, scores: Floats, languages: Sequence[str]) -> Floats:
        """Scores of posts in several languages, each with its language's lean put in the place of `lean`."""
        more = [np.subtract(self.of(language).lean, self.lean) for language in languages]
        return np.asarray(scores + np.reshape(more, scores.shape), dtype=np.float32)

    def sentiment(self, scores: Floats) -> Floats:
        """The probabilities of negative, neutral and positive."""
        return softmax((scores + np.asarray(self.lean, dtype=np.float32)) / self.sentiment_temperature)

    def urgency(self, scores: Floats) -> Floats:
        """The probabilities of the four levels."""
        return softmax(scores / self.urgency_temperature)

    def levels(self, chances: Floats, addressed: Marks | None = None) -> NDArray[np.int64]:
        """The urgency of each post from the probabilities of the four levels; `addressed`: which posts begin by naming
        an account."""
        high, reply = chances[:, 2:].sum(axis=1), chances[:, 1:].sum(axis=1)
        least = np.full(len(chances), self.high)
        if addressed is not None and self.addressed is not None:
            least[addressed] = self.addressed
        lower = np.where(high >= least, 2, np.where(reply >= self.reply, 1, 0))
        return np.where(chances[:, 3] >= self.critical, 3, lower)

    def cutoff(self, intent: Intent) -> float:
        return self.intents.get(intent.value, 0.5)


class Reliability(NamedTuple):
    """How far confidence and truth lie apart: expected calibration error and Brier score."""

    ece: float
    brier: float


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True)).astype(np.float32)
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def sigmoid(scores: Floats) -> Floats:
    result: Floats = (1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))).astype(np.float32)
    return result


def reliability(chances: Floats, truth: NDArray[np.int64]) -> Reliability:
    """ECE over ten equal bins of the given answer's probability, and the multi-class Brier score."""
    if not len(truth):
        return Reliability(0.0, 0.0)
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(sure[bins == one].sum() - right[bins == one].sum()) for one in range(BINS)]
    wanted = np.eye(chances.shape[1])[truth]
    return Reliability(float(sum(gaps) / len(truth)), float(((chances - wanted) ** 2).sum(axis=1).mean()))


def temperature(scores: Floats, truth: NDArray[np.int64]) -> float:
    """The temperature under which the scores' probabilities fit the truth best (least log loss)."""
    tried = np.exp(np.linspace(np.log(0.4), np.log(4.0), 47))
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(scores / one)[rows, truth] + 1e-9).mean() for one in tried]
    return round(float(tried[int(np.argmin(losses))]), 3)


def best_cutoff(chances: Floats, truth: NDArray[np.bool_]) -> float:
    """The cutoff with the best F1; 0.5 where there is nothing to find."""
    if not truth.any() or truth.all():
        return 0.5
    tried = np.round(np.arange(0.08, 0.93, 0.02), 2)
    hits = [((chances >= one) & truth).sum() * 2 / max(int((chances >= one).sum() + truth.sum()), 1) for one in tried]
    best = np.flatnonzero(np.asarray(hits) >= max(hits) - 1e-9)
    return float(tried[best[len(best) // 2]])


def cutoff_for(chances: Floats, truth: NDArray[np.bool_], precision: float) -> tuple[float, float] | None:
    """The least cutoff whose answers are right at least so often, and the recall it leaves. None: there is none."""
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum(truth[order])
    good = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= precision)
    if not len(good) or not truth.any():
        return None
    last = int(good[-1])
    return round(float(chances[order[last]]), 3), float(hits[last] / truth.sum())
