"""Fingerprints: the numbers by which the posts of one story find each other, also among millions. Pure.

    keys        equal in both: one story for certain (the same words, the same link, a repost and its original)
    bands       some equal in both: perhaps a copy, to be looked at (MinHash of the shingles)
    beginning   equal in both: perhaps one is the cut-off beginning of the other

All are signed 64-bit numbers, as PostgreSQL's bigint is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from rensa import RMinHash

from leitstand.model import Mention
from triage.stories.copies import UNKNOWN
from triage.stories.links import links_in, shared
from triage.stories.words import FEWEST, Words, numbers, words_of

BANDS, ROWS = 12, 3  # a pair with 0.5 of its shingles in common shares a band in 80 %, with 0.6 in 94 %, 0.7 in 99 %
MANY_BANDS = 32  # 98.6 %, 99.9 %: for a file, where a band costs nothing to keep
_SEED = 42
_SHARING = ("repost", "quote")
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Print:
    """What tells a post's story. `post` is its number, `at` when it was written; `words` is None where too few.

    `reasons` says of each key what it is, in a few words.
    """

    post: int
    at: datetime
    language: str
    keys: tuple[int, ...]
    reasons: tuple[str, ...]
    bands: tuple[int, ...] = ()
    beginning: int = 0
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A stored post, to be compared with."""

    post: int
    at: datetime
    language: str
    text: str
    title: str


def prints(posts: Iterable[tuple[int, Mention, str]], ignored: Sequence[str] = (), bands: int = BANDS) -> list[Print]:
    """The fingerprints of posts, given with their number and their language; `ignored` are links that join nothing."""
    read = [(post, mention, language, _words(mention.text, mention.title)) for post, mention, language in posts]
    hashed = iter(_bands([words for *_, words in read if words is not None], bands))
    return [
        Print(
            post,
            mention.created_at,
            language,
            *_keys(mention, language, words, ignored),
            bands=() if words is None else next(hashed),
            beginning=0 if words is None else _beginning(words),
            words=words,
        )
        for post, mention, language, words in read
    ]


def compared(texts: Iterable[Text]) -> list[Print]:
    """The fingerprints of stored posts, without keys."""
    read = [(text, words) for text in texts if (words := _words(text.text, text.title)) is not None]
    bands = _bands([words for _, words in read], BANDS)
    return [
        Print(text.post, text.at, text.language, (), (), found, _beginning(words), words)
        for (text, words), found in zip(read, bands, strict=True)
    ]


def language_of(mention: Mention, detected: str) -> str:
    """The language that the network declares, else the one detected."""
    declared = mention.language.replace("_", "-").partition("-")[0].lower()
    return declared if declared not in ("", "und", "zxx", "mul", "qme", "qst", UNKNOWN) else detected


@lru_cache(maxsize=4096)
def _words(text: str, title: str) -> Words | None:
    """The words of the text; of the title where the text has too few. Texts that go round are read once."""
    words = words_of(text)
    if not words.enough and title:
        words = words_of(title)
    return words if words.enough else None


def _keys(
    mention: Mention, language: str, words: Words | None, ignored: Sequence[str]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The keys and what each is, without repetition: the post itself first."""
    found = {number(f"p:{mention.channel}:{mention.external_id}"): "the post itself"}
    if mention.kind in _SHARING and mention.parent_id:
        found[number(f"p:{mention.channel}:{mention.parent_id}")] = f"a {mention.kind} of it"
    own = (mention.url,) if mention.kind == "article" else ()
    links = (*own, *mention.links, *links_in(mention.text))
    for link in shared(links, ignored) if links else ():
        found[number(f"l:{link}")] = "the same link"
    if words is not None:
        said = "\0".join((language, *words.tokens, *("".join(tag) for tag in words.tags)))
        found[number(f"t:{said}")] = "the same words"
    return tuple(found), tuple(found.values())


def number(said: str) -> int:
    """A text as a signed 64-bit number."""
    return int.from_bytes(blake2b(said.encode(errors="surrogatepass"), digest_size=8).digest(), "big", signed=True)


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
