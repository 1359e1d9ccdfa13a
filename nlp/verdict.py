"""What the trained model says of each post of a batch, with the places in the text that weighed most."""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Intent, Sentiment, Urgency
from nlp.calibration import Calibration, Marks, sigmoid
from nlp.folding import is_addressed
from nlp.network import INTENTS, SENTIMENT, URGENCY, Reading
from nlp.tokens import Tokens

FEELINGS = (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE)
_SENTIMENTS = (*FEELINGS, Sentiment.UNKNOWN)
_ALL, _LEVELS = tuple(Intent), tuple(Urgency)
_NEUTRAL = 1
_SHOWN = 2  # places per question: more would not be read
_LEAST, _HAIR = 0.12, np.float32(0.005)
_ENDS = "?!…"  # what stands before them is another sentence
_MUTE = "\x00\x01\x02\x03.,;:-()\"'/"


class Place(NamedTuple):
    """`start`:`end` of the folded text, and how much it moved the answer."""

    start: int
    end: int
    weight: float

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


def joined(places: Sequence[Place]) -> list[Place]:
    """Places of one post; those that overlap are one, with what they weighed together."""
    found: list[Place] = []
    for place in places:
        for number, one in enumerate(found):
            if place.overlaps(one.start, one.end):
                both = round(one.weight + place.weight, 3)
                found[number] = Place(min(one.start, place.start), max(one.end, place.end), both)
                break
        else:
            found.append(place)
    return found


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
    felt, urgent = feelings.argmax(axis=1), calibration.levels(levels, addressed(texts))
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
            _LEVELS[level],
            intents,
            round(sure, 4),
            tuple(places),
            tuple(pressing) if level else (),
            *probabilities,
        )
        for feeling, score, level, intents, sure, places, pressing, *probabilities in rows
    ]


def addressed(texts: Sequence[str]) -> Marks:
    """Which of some folded texts begin by naming an account."""
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
    return [tuple(compress(_ALL, row)) for row in chosen.tolist()]


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
    """The tokens that weighed most in each post, the heaviest first, each with the words right before and after it,
    which its evidence depends on."""
    found: list[list[Place]] = [[] for _ in texts]
    heavy = _heaviest(tokens, drive)
    own = tokens.post[heavy]
    weights = (drive[heavy] * signs[own]).tolist()
    around = zip(*(_spots(tokens, heavy + step, own) for step in (-1, 0, 1)), strict=True)
    for post, weight, (before, here, after) in zip(own.tolist(), weights, around, strict=True):
        text = texts[post]
        if _speaks(text, here):
            start = before[0] if _speaks(text, before) and text[before[0]] not in _ENDS else here[0]
            end = after[1] if _speaks(text, after) else here[1]
            found[post].append(Place(start, end, round(weight, 3)))
    return found


def _spots(tokens: Tokens, places: NDArray[np.int64], own: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Where tokens begin and end in their post; those of another post than `own` begin nowhere, at -1."""
    inside = np.clip(places, 0, max(len(tokens.post) - 1, 0))
    foreign = (tokens.post[inside] != own) | (inside != places)
    offset = tokens.text_start[own]
    start = np.where(foreign, -1, tokens.start[inside] - offset)
    return zip(start.tolist(), (tokens.end[inside] - offset).tolist(), strict=True)


def _speaks(text: str, spot: tuple[int, int]) -> bool:
    """It is of this post, and not a handle, a link or a mere punctuation mark."""
    return spot[0] >= 0 and text[spot[0]] not in _MUTE


def _heaviest(tokens: Tokens, drive: NDArray[np.float32]) -> NDArray[np.int64]:
    heavy = np.flatnonzero(drive >= np.minimum(_LEAST, _most(tokens.post, drive)))
    order = heavy[np.lexsort((-drive[heavy], tokens.post[heavy]))]
    posts = tokens.post[order]
    rank = np.arange(len(order)) - np.searchsorted(posts, posts)
    return order[rank < _SHOWN]


def _most(post: NDArray[np.int64], drive: NDArray[np.float32]) -> NDArray[np.float32]:
    """By token: the most that any of its post weighed, however little; a hair's breadth where that is nothing."""
    starts = np.flatnonzero(np.append(True, post[1:] != post[:-1])) if len(post) else post
    most = np.maximum.reduceat(drive, starts) if len(post) else drive
    found: NDArray[np.float32] = np.maximum(np.repeat(most, np.diff(np.append(starts, len(post)))), _HAIR)
    return found
