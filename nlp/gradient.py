"""The arithmetic of `nlp.network` forwards and backwards: how each weight would have to move for better scores.

    tokens ─► vectors ─► window of 3 ─► window of 3, two apart ─► pools ─┬─────────────┐
    features ─┬──────────────────────────────────────────────────────────┴► the whole ─┤
              └► two paths ────────────────────────────────────────────────────────────┴─► scores;  and back: slopes

Forwards it says what `Network` says, unless something is dropped: in training, numbers and whole words are forgotten by
chance, so that none is relied on alone. Of the two large tables only the rows that a batch used have slopes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nlp.network import LIMIT, POOLED, POOLS, sums
from nlp.tokens import Tokens
from nlp.windows import Floats, Ints, around, around_back, kernel, matrix

Weights = Mapping[str, Floats]

WORDS, GROUPS = "w.weight", "g.weight"
_MEMBERS = (POOLS[:, None] == np.arange(POOLED)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Drop:
    """What is forgotten by chance: a share of all numbers, and of the vectors that are a word's own."""

    dice: np.random.Generator
    numbers: float = 0.1
    words: float = 0.12

    def some(self, values: Floats) -> Floats:
        """What to multiply the numbers by: nothing, or a little over one, so that their sum stays."""
        kept = self.dice.random(values.shape, dtype=np.float32) >= self.numbers
        return kept.astype(np.float32) / np.float32(1 - self.numbers)

    def known(self, words: int) -> Floats:
        """Which words have a vector of their own; the others are read from their letters alone."""
        return (self.dice.random((words, 1), dtype=np.float32) >= self.words).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Rows:
    """The slopes of a few rows of a table, each row once."""

    place: Ints
    slope: Floats


@dataclass(frozen=True, slots=True)
class Slopes:
    """How the loss changes with each weight."""

    dense: Weights
    tables: Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class _Spelled:
    """The distinct words of a batch: their row, whether it counts, their letter groups' rows, owners and shares."""

    word: Ints
    known: Floats
    group: Ints
    owner: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class _Windows:
    """Both windows: what each looked at, what it made of it before bending, and the sum of both."""

    drop: Floats
    first_in: Floats
    first: Floats
    second_in: Floats
    second: Floats
    seen: Floats
    seen_drop: Floats


@dataclass(frozen=True, slots=True)
class _Pools:
    """What each token says, its weight in each pool, and where that weight could still move."""

    said: Floats
    share: Floats
    free: Floats
    prior: Floats


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the features alone say, on the way over the hidden places."""

    features: Floats
    hidden: Floats
    drop: Floats


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the pools and the features of a post put before the places of the whole, and how far each is open."""

    shown: Floats
    hidden: Floats
    drop: Floats


@dataclass(frozen=True, slots=True)
class Pass:
    """A batch's scores, and all that the way back needs to know."""

    scores: Floats
    tokens: Tokens
    spelled: _Spelled
    windows: _Windows
    pools: _Pools
    beside: _Beside
    whole: _Whole


def forwards(weights: Weights, tokens: Tokens, features: Floats, drop: Drop | None = None) -> Pass:
    """The scores of posts, of which `tokens` and `features` are; `drop` only in training."""
    spelled = _spelled(weights, tokens, drop)
    windows = _windows(weights, _vectors(weights, spelled)[tokens.distinct], tokens.post, drop)
    pools = _pools(weights, windows.seen, tokens.post, len(features))
    beside = _beside(weights, features, drop)
    whole = _whole(weights, _pooled(pools, windows.seen, tokens.post, len(features)), features, drop)
    scores = sums(pools.said * pools.share[:, POOLS], tokens.post, len(features)) + weights["b"]
    scores += features @ weights["f0.weight"].T
    scores += (beside.hidden * beside.drop) @ weights["f2.weight"].T + weights["f2.bias"]
    scores += (whole.hidden * whole.drop) @ weights["d2.weight"].T
    return Pass(scores, tokens, spelled, windows, pools, beside, whole)


def backwards(weights: Weights, seen: Pass, slope: Floats) -> Slopes:
    """The slopes of all weights, where `slope` is that of the scores."""
    beside = _beside_back(weights, seen.beside, slope)
    whole, pooled = _whole_back(weights, seen.whole, slope)
    pools, back = _pools_back(weights, seen, slope, pooled)
    windows, vectors = _windows_back(weights, seen.windows, seen.tokens.post, back)
    by_word = gathered(seen.tokens.distinct, vectors, len(seen.spelled.word))
    dense = {"b": slope.sum(axis=0), **beside, **whole, **pools, **windows}
    return Slopes(dense, _vectors_back(seen.spelled, by_word))


def _spelled(weights: Weights, tokens: Tokens, drop: Drop | None) -> _Spelled:
    word = (tokens.word >> np.uint64(20)) & np.uint64(len(weights[WORDS]) - 1)
    group = tokens.group & np.uint64(len(weights[GROUPS]) - 1)
    many = np.diff(np.append(tokens.group_start, len(group)))
    owner = np.repeat(np.arange(len(word)), many)
    known = drop.known(len(word)) if drop else np.ones((len(word), 1), dtype=np.float32)
    share = (1.0 / np.sqrt(np.maximum(many, 1))).astype(np.float32)[:, None]
    return _Spelled(word.astype(np.int64), known, group.astype(np.int64), owner, share)


def _vectors(weights: Weights, spelled: _Spelled) -> Floats:
    letters = sums(weights[GROUPS][spelled.group], spelled.owner, len(spelled.word))
    return weights[WORDS][spelled.word] * spelled.known + letters * spelled.share


def _vectors_back(spelled: _Spelled, slope: Floats) -> dict[str, Rows]:
    letters = (slope * spelled.share)[spelled.owner]
    return {WORDS: _rows(spelled.word, slope * spelled.known), GROUPS: _rows(spelled.group, letters)}


def _rows(place: Ints, slope: Floats) -> Rows:
    used, number = np.unique(place, return_inverse=True)
    return Rows(used, gathered(number, slope, len(used)))


def _windows(weights: Weights, values: Floats, post: Ints, drop: Drop | None) -> _Windows:
    dropped = _some(values, drop)
    first_in = around(values * dropped, post, 1)
    first = first_in @ matrix(weights["c1.weight"]) + weights["c1.bias"]
    bent = np.maximum(first, 0)
    second_in = around(bent, post, 2)
    second = second_in @ matrix(weights["c2.weight"]) + weights["c2.bias"]
    both = bent + np.maximum(second, 0)
    seen_drop = _some(both, drop)
    return _Windows(dropped, first_in, first, second_in, second, both * seen_drop, seen_drop)


def _windows_back(weights: Weights, seen: _Windows, post: Ints, slope: Floats) -> tuple[Weights, Floats]:
    both = slope * seen.seen_drop
    second: Floats = both * (seen.second > 0)
    bent = both + around_back(second @ matrix(weights["c2.weight"]).T, post, 2)
    first: Floats = bent * (seen.first > 0)
    values = around_back(first @ matrix(weights["c1.weight"]).T, post, 1) * seen.drop
    found = {
        "c1.weight": kernel(seen.first_in.T @ first),
        "c1.bias": first.sum(axis=0),
        "c2.weight": kernel(seen.second_in.T @ second),
        "c2.bias": second.sum(axis=0),
    }
    return found, values


def _pools(weights: Weights, seen: Floats, post: Ints, posts: int) -> _Pools:
    drawn = seen @ weights["a.weight"].T + weights["a.bias"]
    weight = np.exp(np.clip(drawn, -LIMIT, LIMIT))
    prior: Floats = np.exp(weights["c"])
    total = sums(weight, post, posts) + prior
    said = seen @ weights["u.weight"].T + weights["u.bias"]
    return _Pools(said, weight / total[post], (np.abs(drawn) < LIMIT).astype(np.float32), prior / total)


def _pooled(pools: _Pools, seen: Floats, post: Ints, posts: int) -> Floats:
    """What each pool of a post holds, one after the other."""
    return np.concatenate([sums(share[:, None] * seen, post, posts) for share in pools.share.T], axis=1)


def _pools_back(weights: Weights, passed: Pass, slope: Floats, pooled: Floats) -> tuple[Weights, Floats]:
    """`pooled` is the slope of what the pools hold."""
    pools, seen, post = passed.pools, passed.windows.seen, passed.tokens.post
    wanted, held = slope[post], pooled.reshape(len(pooled), POOLED, -1)[post]
    said = wanted * pools.share[:, POOLS]
    pull = (wanted * pools.said) @ _MEMBERS + np.einsum("tkc,tc->tk", held, seen)
    level = sums(pull * pools.share, post, len(slope))
    drawn = pools.share * (pull - level[post]) * pools.free
    found = {
        "u.weight": said.T @ seen,
        "u.bias": said.sum(axis=0),
        "a.weight": drawn.T @ seen,
        "a.bias": drawn.sum(axis=0),
        "c": -(pools.prior * level).sum(axis=0),
    }
    back = said @ weights["u.weight"] + drawn @ weights["a.weight"] + np.einsum("tk,tkc->tc", pools.share, held)
    return found, back


def _whole(weights: Weights, pooled: Floats, features: Floats, drop: Drop | None) -> _Whole:
    shown = np.concatenate([pooled, features], axis=1)
    hidden = np.maximum(shown @ weights["d1.weight"].T + weights["d1.bias"], 0)
    return _Whole(shown, hidden, _some(hidden, drop))


def _whole_back(weights: Weights, seen: _Whole, slope: Floats) -> tuple[Weights, Floats]:
    hidden: Floats = (slope @ weights["d2.weight"]) * seen.drop * (seen.hidden > 0)
    found = {
        "d1.weight": hidden.T @ seen.shown,
        "d1.bias": hidden.sum(axis=0),
        "d2.weight": slope.T @ (seen.hidden * seen.drop),
    }
    pooled: Floats = hidden @ weights["d1.weight"][:, : POOLED * weights["u.weight"].shape[1]]
    return found, pooled


def _beside(weights: Weights, features: Floats, drop: Drop | None) -> _Beside:
    hidden = np.maximum(features @ weights["f1.weight"].T + weights["f1.bias"], 0)
    return _Beside(features, hidden, _some(hidden, drop))


def _beside_back(weights: Weights, seen: _Beside, slope: Floats) -> Weights:
    hidden = (slope @ weights["f2.weight"]) * seen.drop * (seen.hidden > 0)
    return {
        "f0.weight": slope.T @ seen.features,
        "f1.weight": hidden.T @ seen.features,
        "f1.bias": hidden.sum(axis=0),
        "f2.weight": slope.T @ (seen.hidden * seen.drop),
        "f2.bias": slope.sum(axis=0),
    }


def _some(values: Floats, drop: Drop | None) -> Floats:
    return drop.some(values) if drop else np.ones_like(values)


def gathered(place: Ints, values: Floats, size: int) -> Floats:
    """Sums of rows by where they belong."""
    order = np.argsort(place, kind="stable")
    return sums(values[order], place[order], size)
