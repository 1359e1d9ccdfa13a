"""A text as a few numbers by which its copies are found, also among millions. Pure.

    same        equal in both: the same words
    bands       some equal in both: perhaps a copy, to be looked at (MinHash of the shingles)
    beginning   equal in both: perhaps one is the cut-off beginning of the other

All are signed 64-bit numbers, as PostgreSQL's bigint is.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
from rensa import RMinHash

from leitstand.likeness.words import FEWEST, Words, numbers

BANDS, ROWS = 12, 3  # a pair with 0.5 of its shingles in common shares a band in 80 %, with 0.6 in 94 %, 0.7 in 99 %
MANY_BANDS = 32  # 98.6 %, 99.9 %: for a file, where a band costs nothing to keep
_SEED = 42
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Signature(NamedTuple):
    """The numbers of one text. `same` differs by language, too."""

    same: int
    beginning: int
    bands: tuple[int, ...]


def signatures(texts: Sequence[tuple[str, Words]], bands: int = BANDS) -> list[Signature]:
    """The signatures of texts, given by their language and their words, of which there must be enough to compare."""
    found = _bands([words for _, words in texts], bands)
    return [
        Signature(_same(language, words), _beginning(words), own)
        for (language, words), own in zip(texts, found, strict=True)
    ]


def number(said: str) -> int:
    """A text as a signed 64-bit number."""
    return int.from_bytes(blake2b(said.encode(errors="surrogatepass"), digest_size=8).digest(), "big", signed=True)


def _same(language: str, words: Words) -> int:
    said = "\0".join((language, *words.tokens, *("".join(tag) for tag in words.tags)))
    return number(f"t:{said}")


def _bands(texts: Sequence[Words], count: int) -> list[tuple[int, ...]]:
    """Of each text: the MinHash bands of its shingles.

    Copies agree in their numbers, so these go into them: a timetable's thousand lines that differ in a number alone do
    not even meet.
    """
    if not texts:
        return []
    hashes = RMinHash.digests_from_token_sets([words.shingles for words in texts], count * ROWS, _SEED)
    rows = np.array(hashes, dtype=np.uint64).reshape(len(texts), count, ROWS)
    sense = np.array([_sense(words) for words in texts], dtype=np.uint64)
    mixed = np.add.outer(sense, np.arange(count, dtype=np.uint64)).astype(np.uint64)
    for row in range(ROWS):
        mixed = (mixed ^ rows[:, :, row]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    signed: list[list[int]] = mixed.view(np.int64).tolist()
    return [tuple(bands) for bands in signed]


def _sense(words: Words) -> int:
    """The numbers of a text as one number."""
    found = numbers(words.tokens)
    return number(f"n:{' '.join(found)}") & 0xFFFFFFFFFFFF if found else 0


def _beginning(words: Words) -> int:
    return number("b:" + " ".join(words.tokens[:FEWEST]))
