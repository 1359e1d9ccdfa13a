"""Where in a post an answer comes from: the places whose parts in its score weighed most."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.tokens import Tokens

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SHOWN = 2  # places by answer: more would not be read
_LEAST, _HAIR = np.float32(0.12), np.float32(0.005)
_MUTE = np.array([ord(sign) for sign in "\x00\x01\x02\x03.,;:-()\"'/"])  # handles, links and mere punctuation
_ENDS = np.array([ord(sign) for sign in "?!…"])  # what stands before them is another sentence
_BEGINS = ord("#")  # of the word after it, not of the one before


class Place(NamedTuple):
    """`start`:`end` of the folded text, and how much it moved the answer."""

    start: int
    end: int
    weight: float

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


Told = dict[int, list[Place]]  # by answer


def joined(places: Sequence[Place]) -> Sequence[Place]:
    """Places of one post; those that overlap are one, with what they weighed together."""
    found: list[Place] = list(places[:1])
    for place in places[1:]:
        for number, one in enumerate(found):
            if place.overlaps(one.start, one.end):
                both = round(one.weight + place.weight, 3)
                found[number] = Place(min(one.start, place.start), max(one.end, place.end), both)
                break
        else:
            found.append(place)
    return found


def heaviest(tokens: Tokens, drive: Floats, asked: NDArray[np.bool_]) -> list[Told]:
    """Of each post by answer: the places that weighed most, the heaviest first, each with the words right before and
    after it, which its evidence depends on.

    `drive` has a row a token and a column an answer; `asked` says by post which answers are to be told.
    """
    found: list[Told] = [{} for _ in asked]
    mute = np.isin(tokens.first, _MUTE)
    heavy, answers, weights = _heavy(tokens.post, np.flatnonzero(~mute), drive, asked)
    places = map(Place, *_around(tokens, heavy, mute), weights.astype(np.float64).round(3).tolist())
    for post, answer, place in zip(tokens.post[heavy].tolist(), answers.tolist(), places, strict=True):
        found[post].setdefault(answer, []).append(place)
    return found


def _around(tokens: Tokens, heavy: Ints, mute: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    """Where some tokens begin and end in their posts, with the words before and after them."""
    before, after = np.maximum(heavy - 1, 0), np.minimum(heavy + 1, len(mute) - 1)
    post, offset = tokens.post[heavy], tokens.text_start[tokens.post[heavy]]
    strange = (tokens.post[before] != post) | mute[before] | np.isin(tokens.first[before], _ENDS)
    start = tokens.start[np.where(strange, heavy, before)] - offset
    foreign = (tokens.post[after] != post) | mute[after] | (tokens.first[after] == _BEGINS)
    end = tokens.end[np.where(foreign, heavy, after)] - offset
    return start.tolist(), end.tolist()


def _heavy(post: Ints, speaking: Ints, drive: Floats, asked: NDArray[np.bool_]) -> tuple[Ints, Ints, Floats]:
    """The tokens that weighed most, in which answer each, and how much; by post and answer, the heaviest first."""
    many = np.bincount(post[speaking], minlength=len(asked))
    begin = np.cumsum(many) - many
    posts, answers = np.nonzero(asked & (many > 0)[:, None])
    many = many[posts]
    first = np.cumsum(many) - many
    pair = np.repeat(np.arange(len(posts)), many)
    token = speaking[np.arange(len(pair)) + (begin[posts] - first)[pair]]
    weight = drive[token, answers[pair]]
    # The most that any token of a post weighed is told however little it is, unless it is next to nothing.
    most = np.maximum.reduceat(weight, first) if len(first) else weight
    heavy = np.flatnonzero(weight >= np.clip(most, _HAIR, _LEAST)[pair])
    heavy = heavy[np.lexsort((-weight[heavy], pair[heavy]))]
    own = pair[heavy]
    shown = np.arange(len(own)) - np.searchsorted(own, own) < _SHOWN
    heavy = heavy[shown]
    return token[heavy], answers[pair[heavy]], weight[heavy]
