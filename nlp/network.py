"""The trained model's arithmetic: words and letter groups → what neighbouring words say → one sum per question.

    token ─ word vector + letter-group vectors ─► window of 3 ─► window of 3, two apart ─┬► evidence ──────┐
                                                                                         └► the whole ─────┤
    word-list features ─────────────────────────────────────────────────────────────────┴► evidence ──────┴─► scores

The evidence of all windows is added up with weights of its own. Beside it the sum over the whole post opens some of a
few places and leaves others shut, so that what is said at one end can change what is meant at the other. With the open
ones known every score is exactly the sum of what each place in the text and each feature contributed: that is where its
reasons come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitstand.errors import ConfigurationError, Problem
from leitstand.model import Intent
from nlp.features import NAMES
from nlp.tokens import Hashes, Tokens, read_tokens

Floats = NDArray[np.float32]

SENTIMENT = slice(0, 3)  # negative, neutral, positive
URGENCY = slice(3, 7)  # none to critical
INTENTS = slice(7, 7 + len(Intent))
OUTPUTS = 7 + len(Intent)
LIMIT = 6.0
_KEPT, _MERGE = 40_000, 4_000
POOLED = 3
POOLS = np.array([0] * 3 + [1] * 4 + [2] * len(Intent))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network made of a batch: `scores` by post, and by token the part it had in them.

    `seen` and `share` are by token too: what its windows saw, and its weight in each of the three pools.
    """

    scores: Floats
    parts: Floats
    tokens: Tokens
    seen: Floats
    share: Floats

    def summary(self) -> Floats:
        """All that the network knows of each post, for a layer trained on top of it."""
        mixed = (self.share[:, :, None] * self.seen[:, None, :]).reshape(len(self.seen), -1)
        return np.concatenate([sums(mixed, self.tokens.post, len(self.scores)), self.scores], axis=1)


class Network:
    """The weights and the forward pass over a batch of folded texts and their features."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._words = weights["w.weight.q"]
        self._word_scale = weights["w.weight.s"].astype(np.float32)
        self._groups = weights["g.weight.q"]
        self._group_scale = weights["g.weight.s"].astype(np.float32)
        self._first = _window(weights["c1.weight"]), weights["c1.bias"]
        self._known = np.zeros(0, dtype=np.uint64), np.zeros((0, 3 * len(weights["c1.bias"])), dtype=np.float32)
        self._new: list[tuple[Hashes, Floats]] = []
        self._second = _window(weights["c2.weight"]), weights["c2.bias"]
        self._told_by_token = _by_token(weights)
        self._prior = np.exp(weights["c"])
        self._bias = weights["b"]
        self._direct = weights["f0.weight"].T.copy()
        self._hidden = weights["f1.weight"].T.copy(), weights["f1.bias"]
        self._output = weights["f2.weight"].T.copy(), weights["f2.bias"]
        self._opened = weights["d1.weight"][:, -len(NAMES) :].T.copy(), weights["d1.bias"]
        self._meant = weights["d2.weight"].T.copy()

    def read(self, texts: Sequence[str], features: Floats) -> Reading:
        """The scores of folded texts; `features` has one row per text in the order of `features.NAMES`."""
        return self.weigh(read_tokens(texts), features)

    def weigh(self, tokens: Tokens, features: Floats) -> Reading:
        """The same of texts whose tokens are read already."""
        seen, posts = self._windows(tokens), len(features)
        said = seen @ self._told_by_token[0] + self._told_by_token[1]
        evidence, drawn, whole = np.split(said, (OUTPUTS, OUTPUTS + POOLED), axis=1)
        weight = np.exp(np.clip(drawn, -LIMIT, LIMIT))
        share: Floats = weight / (sums(weight, tokens.post, posts) + self._prior)[tokens.post]
        parts = evidence * share[:, POOLS]
        rest = self._weigh_whole(_mixed(whole, share), tokens.post, features, parts)
        scores = sums(parts, tokens.post, posts) + rest + self._bias + self.told(features)
        return Reading(scores, parts, tokens, seen, share)

    def _weigh_whole(self, drawn: Floats, post: NDArray[np.int64], features: Floats, parts: Floats) -> Floats:
        """What the features say by way of the whole; what the tokens say that way is added to their `parts`."""
        beside: Floats = features @ self._opened[0] + self._opened[1]
        is_open: Floats = (sums(drawn, post, len(features)) + beside > 0).astype(np.float32)
        drawn *= is_open[post]
        parts += drawn @ self._meant
        beside *= is_open
        rest: Floats = beside @ self._meant
        return rest

    def told(self, features: Floats) -> Floats:
        """What the features alone contribute."""
        hidden = np.maximum(features @ self._hidden[0] + self._hidden[1], 0)
        told: Floats = features @ self._direct + hidden @ self._output[0] + self._output[1]
        return told

    def _windows(self, tokens: Tokens) -> Floats:
        first = _shifted_sum(self._projected(tokens)[tokens.distinct], tokens.post) + self._first[1]
        np.maximum(first, 0, out=first)
        second = _convolve(first, tokens.post, 2, *self._second)
        np.maximum(second, 0, out=second)
        first += second
        return first

    def _projected(self, tokens: Tokens) -> Floats:
        """What each distinct token gives to the first window from before, in and after its middle.

        Most words of a stream were in it before: theirs are kept.
        """
        known, kept = self._known
        place = np.minimum(np.searchsorted(known, tokens.word), max(len(known) - 1, 0))
        there = known[place] == tokens.word if len(known) else np.zeros(len(tokens.word), dtype=bool)
        missing = np.flatnonzero(~there)
        rows = np.empty((len(tokens.word), kept.shape[1]), dtype=np.float32)
        rows[there] = kept[place[there]]
        if len(missing):
            weight = self._first[0].reshape(3, -1, len(self._first[1]))
            vectors = self._vectors(tokens, missing)
            rows[missing] = np.concatenate([vectors @ part for part in weight], axis=1)
            self._keep(tokens.word[missing], rows[missing])
        return rows

    def _keep(self, words: Hashes, rows: Floats) -> None:
        self._new.append((words, rows))
        if sum(len(one) for one, _ in self._new) < _MERGE:
            return
        parts = [*([self._known] if len(self._known[0]) < _KEPT else []), *self._new]
        keys, index = np.unique(np.concatenate([one for one, _ in parts]), return_index=True)
        self._known = keys, np.concatenate([own for _, own in parts])[index]
        self._new = []

    def _vectors(self, tokens: Tokens, chosen: NDArray[np.int64]) -> Floats:
        """The vectors of some distinct tokens: each its word's, and those of its letter groups."""
        places = (tokens.word[chosen] >> np.uint64(20)) & np.uint64(len(self._words) - 1)
        vectors = self._words[places] * self._word_scale[places]
        group, many = tokens.groups_of(chosen)
        spelled = np.flatnonzero(many)
        if len(spelled):
            many = many[spelled]
            places = group & np.uint64(len(self._groups) - 1)
            first = np.cumsum(many) - many
            letters = np.add.reduceat(self._groups[places] * self._group_scale[places], first, axis=0)
            vectors[spelled] += letters / np.sqrt(many)[:, None].astype(np.float32)
        return np.asarray(vectors, dtype=np.float32)


def _shifted_sum(rows: Floats, post: NDArray[np.int64]) -> Floats:
    """The first window: what the token before gives to here, what here gives, and what the token after gives.

    `rows` is used up: what would reach into the next post is blanked out in it.
    """
    width = rows.shape[1] // 3
    last = np.flatnonzero(post[1:] != post[:-1])
    rows[last, :width] = 0
    rows[last + 1, 2 * width :] = 0
    total = rows[:, width : 2 * width]
    total[1:] += rows[:-1, :width]
    total[:-1] += rows[1:, 2 * width :]
    return total


def _by_token(weights: dict[str, Floats]) -> tuple[Floats, Floats]:
    """What each token says, in one matrix: its evidence, its weight in each pool, what it opens through each."""
    width = weights["u.weight"].shape[1]
    whole = [weights["d1.weight"][:, pool * width : (pool + 1) * width] for pool in range(POOLED)]
    matrix = np.concatenate([weights["u.weight"], weights["a.weight"], *whole]).T.copy()
    bias = np.concatenate([weights["u.bias"], weights["a.bias"], np.zeros(POOLED * len(whole[0]), dtype=np.float32)])
    return matrix, bias


def _mixed(whole: Floats, share: Floats) -> Floats:
    """What each token draws at the places of the whole: what it says through each pool, by its share in that pool."""
    first, *others = np.split(whole, POOLED, axis=1)
    drawn: Floats = first * share[:, :1]
    for pool, own in enumerate(others, 1):
        drawn += own * share[:, pool : pool + 1]
    return drawn


def _window(weight: Floats) -> Floats:
    """A convolution's weights as one matrix for [before, here, after]."""
    return np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, weight.shape[0]))


def _convolve(values: Floats, post: NDArray[np.int64], apart: int, weight: Floats, bias: Floats) -> Floats:
    """A window of three places `apart` steps from each other, that never looks into the next post."""
    count, width = values.shape
    window = np.empty((count, 3 * width), dtype=np.float32)
    window[:, width : 2 * width] = values
    window[apart:, :width] = values[:-apart]
    window[:-apart, 2 * width :] = values[apart:]
    window[:apart, :width] = 0
    window[-apart:, 2 * width :] = 0
    strange = np.flatnonzero(post[apart:] != post[:-apart])
    window[strange + apart, :width] = 0
    window[strange, 2 * width :] = 0
    result: Floats = window @ weight + bias
    return result


def sums(values: Floats, post: NDArray[np.int64], count: int) -> Floats:
    """Sums of rows by `post`, which is sorted; zero for a post without tokens."""
    result = np.zeros((count, values.shape[1]), dtype=values.dtype)
    if len(post):
        starts = np.flatnonzero(np.append(True, post[1:] != post[:-1]))
        result[post[starts]] = np.add.reduceat(values, starts, axis=0)
    return result


def load(path: Path) -> Network:
    """A network from its file. A file of another kind, or made for other features, is a ConfigurationError."""
    try:
        return Network(arrays(path))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError([Problem("nlp.model", f"{path} is not a model: {error}")]) from error


def arrays(path: Path) -> dict[str, Floats]:
    """The weights in a file, as they stand in it."""
    with np.load(path, allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files}
    if list(weights.pop("features")) != list(NAMES):
        raise ConfigurationError(
            [Problem("nlp.model", "was trained for another version of the features", 0, path.name)]
        )
    return weights
