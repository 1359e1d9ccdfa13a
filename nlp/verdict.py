"""What the trained model says of each post of a batch, with the places in the text that weighed most."""

from collections.abc import Mapping, Sequence
from itertools import compress
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Intent, Sentiment, Urgency
from nlp.calibration import Calibration, Marks, sigmoid
from nlp.folding import is_addressed
from nlp.network import INTENTS, SENTIMENT, URGENCY, Reading
from nlp.places import Place, Told, heaviest

FEELINGS = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)
_SENTIMENTS = (*FEELINGS, Sentiment.UNKNOWN)
_ALL, _LEVELS = tuple(Intent), tuple(Urgency)
_NEUTRAL = 1
_FELT, _PRESSED, _MEANT = 0, 1, dict(enumerate(Intent, 2))  # the answers that are told


class Verdict(NamedTuple):
    """The model's answers for one post. `sureness` is the calibrated probability of the less sure of the first two.

    `felt`, `pressing` and `meant` are the places that weighed most in the sentiment, the urgency and the intents.
    `feelings` and `levels` are the probabilities of the three feelings and the four levels, `chances` of the intents.
    """

    sentiment: Sentiment
    score: float
    urgency: Urgency
    intents: tuple[Intent, ...]
    sureness: float
    felt: tuple[Place, ...] = ()
    pressing: tuple[Place, ...] = ()
    meant: Mapping[Intent, tuple[Place, ...]] = MappingProxyType({})
    feelings: Sequence[float] = ()
    levels: Sequence[float] = ()
    chances: Sequence[float] = ()


def decide(texts: Sequence[str], seen: Reading, calibration: Calibration, named: Marks | None = None) -> list[Verdict]:
    """The verdicts on a batch of folded texts. What speaks for intents that are `named` by others is not told."""
    feelings = calibration.sentiment(seen.scores[:, SENTIMENT])
    levels = calibration.urgency(seen.scores[:, URGENCY])
    chances = sigmoid(seen.scores[:, INTENTS])
    felt, urgent = feelings.argmax(axis=1), calibration.levels(levels, addressed(texts))
    meant = chosen(chances, calibration)
    told = _told(seen, felt, urgent, meant if named is None else meant & ~named)
    least = np.minimum(feelings.max(axis=1), levels[np.arange(len(texts)), urgent])
    known = feelings.max(axis=1) >= calibration.unknown
    rows = zip(
        np.where(known, felt, len(FEELINGS)).tolist(),
        np.where(known, feelings[:, 2] - feelings[:, 0], 0.0).tolist(),
        urgent.tolist(),
        meant.tolist(),
        least.tolist(),
        told,
        feelings.tolist(),
        levels.tolist(),
        chances.tolist(),
        strict=True,
    )
    return [
        Verdict(
            _SENTIMENTS[feeling],
            round(score, 4),
            _LEVELS[level],
            tuple(compress(_ALL, intents)),
            round(sure, 4),
            tuple(places.get(_FELT, ())),
            tuple(places.get(_PRESSED, ())),
            {_MEANT[answer]: tuple(own) for answer, own in places.items() if answer in _MEANT},
            *probabilities,
        )
        for feeling, score, level, intents, sure, places, *probabilities in rows
    ]


def addressed(texts: Sequence[str]) -> Marks:
    """Which of some folded texts begin by naming an account."""
    return np.fromiter((is_addressed(text) for text in texts), dtype=np.bool_, count=len(texts))


def intents_of(chances: NDArray[np.float32], calibration: Calibration) -> list[tuple[Intent, ...]]:
    """The intents of each post."""
    return [tuple(compress(_ALL, row)) for row in chosen(chances, calibration).tolist()]


def chosen(chances: NDArray[np.float32], calibration: Calibration) -> Marks:
    """The intents over their cutoffs; where none is, the likeliest. A column each."""
    cutoffs = np.asarray([calibration.cutoff(intent) for intent in _ALL], dtype=np.float32)
    found: Marks = chances >= cutoffs
    none = np.flatnonzero(~found.any(axis=1))
    found[none, (chances / cutoffs)[none].argmax(axis=1)] = True
    alone = found.copy()
    alone[:, _ALL.index(Intent.CHATTER)] = False
    found[alone.any(axis=1), _ALL.index(Intent.CHATTER)] = False
    return found


def _told(seen: Reading, felt: NDArray[np.int64], urgent: NDArray[np.int64], meant: Marks) -> list[Told]:
    """The places that weighed most in each answer: the sentiment, the urgency, and the intents."""
    drive = np.column_stack([_drive(seen, SENTIMENT, felt), _drive(seen, URGENCY, urgent), seen.parts[:, INTENTS]])
    return heaviest(seen.tokens, drive, np.column_stack([felt != _NEUTRAL, urgent > 0, meant]))


def _drive(seen: Reading, question: slice, answers: NDArray[np.int64]) -> NDArray[np.float32]:
    """By token: how much it spoke for its post's answer and against the others."""
    parts = seen.parts[:, question]
    own = parts[np.arange(len(parts)), answers[seen.tokens.post]]
    drive: NDArray[np.float32] = own - (parts.sum(axis=1) - own) / (parts.shape[1] - 1)
    return drive
