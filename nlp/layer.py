"""A site's own layer: the scores the shipped network gives, corrected by what a site's labelled posts teach.

It sees the network's summary of a post and the features (dense, standardised), and the post's words, word pairs and
letter groups (sparse, hashed). It answers only the questions it was trained for; the others stay the network's.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitstand.errors import ConfigurationError, Problem
from nlp.features import NAMES
from nlp.network import Floats, Reading
from nlp.tokens import Tokens

Ints = NDArray[np.int64]

BUCKETS = 1 << 17
_PAIR = np.uint64(0x9FB21C651E98DF25)


class Layer:
    """Weights for some of the outputs: `columns` says which."""

    def __init__(self, columns: Ints, dense: Floats, sparse: Floats, bias: Floats, mean: Floats, scale: Floats) -> None:
        self.columns, self.dense, self.sparse, self.bias = columns, dense, sparse, bias
        self.mean, self.scale = mean, scale

    def improve(self, seen: Reading, features: Floats) -> Reading:
        """The reading with this layer's answers in place of the network's; the parts of the tokens with it."""
        post, token, bucket = grams(seen.tokens)
        share = 1.0 / np.sqrt(np.maximum(np.bincount(post, minlength=len(seen.scores)), 1)).astype(np.float32)
        drive = self.sparse[bucket] * share[post][:, None]
        said = np.zeros((len(seen.scores), len(self.columns)), dtype=np.float32)
        np.add.at(said, post, drive)
        dense = (dense_input(seen, features) - self.mean) * self.scale
        scores, parts = seen.scores.copy(), seen.parts.copy()
        scores[:, self.columns] = dense @ self.dense + said + self.bias
        own = np.zeros((len(parts), len(self.columns)), dtype=np.float32)
        np.add.at(own, token, drive)
        parts[:, self.columns] += own
        return replace(seen, scores=scores, parts=parts)

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            features=np.array(NAMES),
            columns=self.columns,
            dense=self.dense,
            sparse=self.sparse.astype(np.float16),
            bias=self.bias,
            mean=self.mean,
            scale=self.scale,
        )

    @classmethod
    def load(cls, path: Path, width: int) -> "Layer":
        """A layer from its file; one made for another network or other features is a ConfigurationError."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if list(file["features"]) != list(NAMES) or len(file["mean"]) != width + len(NAMES):
                    raise ConfigurationError([Problem("nlp.model", "was trained with another version: train it again")])
                parts = [file[name] for name in ("columns", "dense", "sparse", "bias", "mean", "scale")]
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError([Problem("nlp.model", f"{path} is not a trained model: {error}")]) from error
        columns, *weights = parts
        return cls(columns, *(weight.astype(np.float32) for weight in weights))


def dense_input(seen: Reading, features: Floats) -> Floats:
    return np.concatenate([seen.summary(), features], axis=1)


def grams(tokens: Tokens) -> tuple[Ints, Ints, Ints]:
    """(post, token, bucket) of every word, word pair and letter group of a batch, by post."""
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
    order = np.argsort(tokens.post[token], kind="stable")
    return tokens.post[token][order], token[order], bucket[order].astype(np.int64)
