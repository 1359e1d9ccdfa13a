"""What the trained model says of each post of a batch, with the places in the text that weighed most."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Intent, Sentiment, Urgency
from nlp.calibration import Calibration, sigmoid
from nlp.folding import is_addressed
from nlp.network import INTENTS, SENTIMENT, URGENCY, Reading
from nlp.tokens import Tokens

FEELINGS = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)
_SENTIMENTS = (*FEELINGS, Sentiment.UNKNOWN)
_ALL = tuple(Intent)
_NEUTRAL = 1
_SHOWN = 2  # places per question: more would not be read
_LEAST = 0.12
_MUTE = "\x00\x01\x02\x03.,;:-()\"'/"


class Place(NamedTuple):
    """`start`:`end` of the folded text, and how much it moved the answer."""

    start: int
    end: int
    weight: float


class Verdict(NamedTuple):
    """The model's answers for one post. `sureness` is the calibrated probability of the less sure of the first two.

    `feelings` and `levels` are the probabilities of the three feelings and the four levels, `chances` of the intents.
    """

    sentiment: Sentiment
    score: float
    urgency: Urgency
    intents: tuple[Intent, ...]
    sureness: float
    felt: tuple[Place, ...] = ()
    pressing: tuple[Place, ...] = ()
    feelings: Sequence[float] = ()
    levels: Sequence[float] = ()
    chances: Sequence[float] = ()


def decide(texts: Sequence[str], seen: Reading, calibration: Calibration) -> list[Verdict]:
    """The verdicts on a batch of folded texts."""
    feelings = calibration.sentiment(seen.scores[:, SENTIMENT])
    levels = calibration.urgency(seen.scores[:, URGENCY])
    chances = sigmoid(seen.scores[:, INTENTS])
    felt, urgent = feelings.argmax(axis=1), calibration.levels(levels, _addressed(texts))
    moved = _places(texts, seen.tokens, _drive(seen, SENTIMENT, felt, felt != _NEUTRAL), _signs(felt))
    pressed = _places(texts, seen.tokens, _drive(seen, URGENCY, urgent, urgent > 0), np.ones(len(texts)))
    least = np.minimum(feelings.max(axis=1), levels[np.arange(len(texts)), urgent])
    known = feelings.max(axis=1) >= calibration.unknown
    rows = zip(
        np.where(known, felt, len(FEELINGS)).tolist(),
        np.where(known, feelings[:, 2] - feelings[:, 0], 0.0).tolist(),
        urgent.tolist(),
        intents_of(chances, calibration),
        least.tolist(),
        moved,
        pressed,
        feelings.tolist(),
        levels.tolist(),
        chances.tolist(),
        strict=True,
    )
    return [
        Verdict(
            _SENTIMENTS[feeling],
            round(score, 4),
            Urgency(level),
            intents,
            round(sure, 4),
            tuple(places),
            tuple(pressing) if level else (),
            *probabilities,
        )
        for feeling, score, level, intents, sure, places, pressing, *probabilities in rows
    ]


def _addressed(texts: Sequence[str]) -> NDArray[np.bool_]:
    return np.fromiter((is_addressed(text) for text in texts), dtype=np.bool_, count=len(texts))


def intents_of(chances: NDArray[np.float32], calibration: Calibration) -> list[tuple[Intent, ...]]:
    """The intents over their cutoffs; where none is, the likeliest."""
    cutoffs = np.asarray([calibration.cutoff(intent) for intent in _ALL], dtype=np.float32)
    chosen = chances >= cutoffs
    none = np.flatnonzero(~chosen.any(axis=1))
    chosen[none, (chances / cutoffs)[none].argmax(axis=1)] = True
    alone = chosen.copy()
    alone[:, _ALL.index(Intent.CHATTER)] = False
    chosen[alone.any(axis=1), _ALL.index(Intent.CHATTER)] = False
    return [tuple(intent for intent, yes in zip(_ALL, row, strict=True) if yes) for row in chosen.tolist()]


def _signs(felt: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(felt == 0, -1.0, 1.0)


def _drive(seen: Reading, question: slice, answers: NDArray[np.int64], told: NDArray[np.bool_]) -> NDArray[np.float32]:
    """By token: how much it spoke for its post's answer and against the others; 0 where no reason is to be told."""
    parts, post = seen.parts[:, question], seen.tokens.post
    own = parts[np.arange(len(parts)), answers[post]]
    drive: NDArray[np.float32] = own - (parts.sum(axis=1) - own) / (parts.shape[1] - 1)
    return np.where(told[post], drive, np.float32(0))


def _places(
    texts: Sequence[str], tokens: Tokens, drive: NDArray[np.float32], signs: NDArray[np.float64]
) -> list[list[Place]]:
    """The tokens that weighed most in each post, the heaviest first."""
    found: list[list[Place]] = [[] for _ in texts]
    for token in _heaviest(tokens, drive):
        post = int(tokens.post[token])
        if _speaks(texts, tokens, token, post):
            weight = round(float(drive[token] * signs[post]), 3)
            found[post].append(Place(*_window(texts, tokens, token, post), weight))
    return found


def _window(texts: Sequence[str], tokens: Tokens, token: int, post: int) -> tuple[int, int]:
    """The token with the words right before and after it, which its evidence depends on."""
    first, last = token, token
    if token > 0 and _speaks(texts, tokens, token - 1, post):
        first -= 1
    if token + 1 < len(tokens.post) and _speaks(texts, tokens, token + 1, post):
        last += 1
    offset = int(tokens.text_start[post])
    return int(tokens.start[first]) - offset, int(tokens.end[last]) - offset


def _speaks(texts: Sequence[str], tokens: Tokens, token: int, post: int) -> bool:
    """It is of this post, and not a handle, a link or a mere punctuation mark."""
    if tokens.post[token] != post:
        return False
    return texts[post][int(tokens.start[token] - tokens.text_start[post])] not in _MUTE


def _heaviest(tokens: Tokens, drive: NDArray[np.float32]) -> Iterator[int]:
    heavy = np.flatnonzero(drive >= _LEAST)
    order = heavy[np.lexsort((-drive[heavy], tokens.post[heavy]))]
    posts = tokens.post[order]
    rank = np.arange(len(order)) - np.searchsorted(posts, posts)
    yield from order[rank < _SHOWN].tolist()
