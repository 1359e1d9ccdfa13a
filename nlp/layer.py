"""A layer on top of the shipped network: what a site's posts teach about single words, pairs and whole posts.

It sees the network's summary of a post and the features (dense, standardised), and the post's words, word pairs and
letter groups (sparse, hashed). All is a sum, so that each place in the text has its own part in a score.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.network import OUTPUTS, Floats, Reading, sums
from nlp.tokens import Tokens

Ints = NDArray[np.int64]

BUCKETS = 1 << 17
_PAIR = np.uint64(0x9FB21C651E98DF25)


@dataclass(frozen=True, slots=True)
class Said:
    """Scores by post, and by token the part it had in them."""

    scores: Floats
    parts: Floats


@dataclass(frozen=True, slots=True)
class Layer:
    """`mean` and `scale` standardise the dense input."""

    dense: Floats
    sparse: Floats
    bias: Floats
    mean: Floats
    scale: Floats

    def say(self, seen: Reading, features: Floats) -> Said:
        weight = self.dense * self.scale[:, None]
        before = len(weight) - features.shape[1] - OUTPUTS
        windows, scores, beside = np.split(weight, [before, before + OUTPUTS])
        parts = seen.parts @ scores + _drive(seen.tokens, self.sparse, len(features))
        for share, own in zip(seen.share.T, np.split(windows, seen.share.shape[1]), strict=True):
            parts += share[:, None] * (seen.seen @ own)
        post = seen.tokens.post
        rest = (seen.scores - sums(seen.parts, post, len(features))) @ scores + features @ beside
        return Said(sums(parts, post, len(features)) + rest + self.bias - self.mean @ weight, parts)


def dense_input(seen: Reading, features: Floats) -> Floats:
    return np.concatenate([seen.summary(), features], axis=1)


def _drive(tokens: Tokens, sparse: Floats, posts: int) -> Floats:
    """What the grams at each token add."""
    post, token, bucket = grams(tokens)
    share = (1.0 / np.sqrt(np.maximum(np.bincount(post, minlength=posts), 1))).astype(np.float32)
    return sums(sparse[bucket] * share[post, None], token, len(tokens.post))


def grams(tokens: Tokens) -> tuple[Ints, Ints, Ints]:
    """(post, token, bucket) of every word, word pair and letter group of a batch, by token."""
    words = tokens.word[tokens.distinct]
    count = np.arange(len(words))
    paired = np.flatnonzero(tokens.post[1:] == tokens.post[:-1])
    pairs = words[paired] * np.uint64(3) + words[paired + 1] * _PAIR
    many = np.diff(np.append(tokens.group_start, len(tokens.group)))[tokens.distinct]
    owner = np.repeat(count, many)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
    letters = tokens.group[tokens.group_start[tokens.distinct[owner]] + inside]
    token = np.concatenate([count, paired, owner])
    bucket = (np.concatenate([words, pairs, letters]) >> np.uint64(24)) % np.uint64(BUCKETS)
    order = np.argsort(token, kind="stable")
    return tokens.post[token][order], token[order], bucket[order].astype(np.int64)
