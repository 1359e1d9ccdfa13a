"""A batch of folded texts as numbers: words, signs and the letter groups inside words, hashed all at once by numpy.

    texts ─► one array of code points ─► tokens (start, end, hash) ─► distinct tokens with their letter groups

A token is a word, a run of one sign ("!!!" is one), an emoji, a handle or a link. Digits count as one and the same, so
that "3 hours" and "4 hours" look alike. Every hash is a polynomial over a span, taken from running sums: no loop in
Python touches a character.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

SEPARATOR = "\x03"
GROUPS = (3, 4, 5)
_TABLE = 0x20000
_SPACE, _WORD, _SIGN, _APOSTROPHE = 0, 1, 2, 3
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_STEP = 1 << 16
_CONTROL, _LONGEST_RUN, _LONGEST_WORD = 2, 3, 40


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a batch in order: `start`:`end` in the joined text, the character it begins with, which
    post each is of, and its distinct number.

    Of the distinct tokens there are the hash and the hashes of the letter groups, concatenated; `group_start[i]` is
    where those of the i-th begin. `text_start` is where each post begins in the joined text.
    """

    start: Ints
    end: Ints
    first: NDArray[np.uint32]
    post: Ints
    distinct: Ints
    word: Hashes
    group: Hashes
    group_start: Ints
    text_start: Ints

    def of(self, posts: Ints) -> "Tokens":
        """The tokens of some posts, given in order: both these and the distinct ones are numbered anew."""
        place = np.full(len(self.text_start), -1)
        place[posts] = np.arange(len(posts))
        kept = place[self.post] >= 0
        used, distinct = np.unique(self.distinct[kept], return_inverse=True)
        group, many = self.groups_of(used)
        return Tokens(
            self.start[kept],
            self.end[kept],
            self.first[kept],
            place[self.post[kept]],
            distinct,
            self.word[used],
            group,
            np.cumsum(many) - many,
            self.text_start[posts],
        )

    def groups_of(self, chosen: Ints) -> tuple[Hashes, Ints]:
        """The letter groups of some distinct tokens, one after the other, and how many are of each."""
        many = np.diff(np.append(self.group_start, len(self.group)))[chosen]
        first = np.cumsum(many) - many
        return self.group[np.repeat(self.group_start[chosen] - first, many) + np.arange(int(many.sum()))], many


def read_tokens(texts: Sequence[str], longest: int = 400) -> Tokens:
    """The tokens of folded texts, at most `longest` of each."""
    points = np.frombuffer((SEPARATOR.join(texts) + SEPARATOR).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    text_start = np.cumsum(lengths + 1) - lengths - 1
    start, end, words = _spans(points)
    post = np.searchsorted(text_start, start, side="right") - 1
    first = np.searchsorted(post, np.arange(len(texts)))
    kept = np.arange(len(start)) - first[post] < longest
    start, end, post, words = start[kept], end[kept], post[kept], words[kept]
    sums, back = _running(points)
    alike = np.where(points[start] <= _CONTROL, 1, _LONGEST_RUN)
    reach = np.where(words, end, np.minimum(end, start + alike))
    hashes = _mix((sums[reach] - sums[start]) * back[start])
    word, index, distinct = np.unique(hashes, return_index=True, return_inverse=True)
    left = start[index]
    group, group_start = _groups(sums, back, left, np.where(words[index], end[index], left))
    return Tokens(start, end, points[start], post, distinct, word, group, group_start, text_start)


def _spans(points: NDArray[np.uint32]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Where the tokens begin and end, and which of them are words."""
    kinds = _kinds()[np.minimum(points, _TABLE - 1)]
    apostrophes = np.flatnonzero(kinds == _APOSTROPHE)
    inner = (kinds[apostrophes - 1] == _WORD) & (kinds[np.minimum(apostrophes + 1, len(kinds) - 1)] == _WORD)
    kinds = kinds.copy()
    kinds[apostrophes] = np.where(inner & (apostrophes > 0), _WORD, _SIGN)
    new = np.ones(len(points), dtype=bool)
    new[1:] = (kinds[1:] != kinds[:-1]) | ((kinds[1:] == _SIGN) & (points[1:] != points[:-1]))
    edges = np.append(np.flatnonzero(new), len(points))
    real = kinds[edges[:-1]] != _SPACE
    return edges[:-1][real], edges[1:][real], kinds[edges[:-1][real]] == _WORD


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.full(_TABLE, _SIGN, dtype=np.uint8)
    for point in range(_TABLE):
        character = chr(point)
        if character.isalnum():
            kinds[point] = _WORD
        elif character.isspace() or character == SEPARATOR:
            kinds[point] = _SPACE
    kinds[ord("'")] = _APOSTROPHE
    return kinds


def _running(points: NDArray[np.uint32]) -> tuple[Hashes, Hashes]:
    values = points.astype(np.uint64)
    digits = (points >= 48) & (points <= 57)
    values[digits] = 48
    powers = _powers(-(-(len(points) + 1) // _STEP) * _STEP)[0]
    sums = np.zeros(len(points) + 1, dtype=np.uint64)
    np.cumsum((values + np.uint64(1)) * powers[: len(points)], out=sums[1:])
    return sums, _powers(len(powers))[1]


@cache
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The base's powers and their inverses modulo 2^64."""
    steps = np.full(count, _BASE, dtype=np.uint64)
    back = np.full(count, _INVERSE, dtype=np.uint64)
    steps[0] = back[0] = 1
    return np.cumprod(steps), np.cumprod(back)


def _mix(value: Hashes) -> Hashes:
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


def _groups(sums: Hashes, back: Hashes, start: Ints, end: Ints) -> tuple[Hashes, Ints]:
    """The letter groups of each token; one at a word's beginning, end or inside differs from the same elsewhere."""
    lengths = np.minimum(end - start, _LONGEST_WORD)
    counts = sum((np.maximum(lengths - size + 1, 0) for size in GROUPS), np.zeros(len(start), dtype=np.int64))
    offsets = np.cumsum(counts) - counts
    found = np.empty(int(counts.sum()), dtype=np.uint64)
    place = offsets.copy()
    for size in GROUPS:
        many = np.maximum(lengths - size + 1, 0)
        owner = np.repeat(np.arange(len(start)), many)
        inside = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
        left = start[owner] + inside
        mark = (inside == 0).astype(np.uint64) + np.uint64(2) * (inside == many[owner] - 1).astype(np.uint64)
        value = (sums[left + size] - sums[left]) * back[left]
        found[place[owner] + inside] = _mix(value + (mark + np.uint64(4 * size)) * np.uint64(0xD6E8FEB86659FD93))
        place += many
    return found, offsets
