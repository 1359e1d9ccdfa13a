"""Fingerprints: the numbers by which the posts of one story find each other, also among millions. Pure.

Keys are equal in both: one story for certain (the same words, the same link, a repost and its original). Bands and
beginning only say that it may be one; they are the text's own (`leitstand.likeness.signature`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from leitstand.likeness.links import links_in, shared
from leitstand.likeness.signature import BANDS, Signature, number, signatures
from leitstand.likeness.words import Words, words_of
from leitstand.model import Mention
from triage.stories.copies import UNKNOWN

_SHARING = ("repost", "quote")


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
    signed = iter(signatures([(language, words) for *_, language, words in read if words is not None], bands))
    return [
        _print(post, mention, language, words, None if words is None else next(signed), ignored)
        for post, mention, language, words in read
    ]


def compared(texts: Iterable[Text]) -> list[Print]:
    """The fingerprints of stored posts, without keys."""
    read = [(text, words) for text in texts if (words := _words(text.text, text.title)) is not None]
    signed = signatures([(text.language, words) for text, words in read])
    return [
        Print(text.post, text.at, text.language, (), (), own.bands, own.beginning, words)
        for (text, words), own in zip(read, signed, strict=True)
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


def _print(
    post: int, mention: Mention, language: str, words: Words | None, own: Signature | None, ignored: Sequence[str]
) -> Print:
    keys = _keys(mention, own, ignored)
    bands, beginning = (own.bands, own.beginning) if own else ((), 0)
    return Print(post, mention.created_at, language, *keys, bands, beginning, words)


def _keys(mention: Mention, text: Signature | None, ignored: Sequence[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The keys and what each is, without repetition: the post itself first."""
    found = {number(f"p:{mention.channel}:{mention.external_id}"): "the post itself"}
    if mention.kind in _SHARING and mention.parent_id:
        found[number(f"p:{mention.channel}:{mention.parent_id}")] = f"a {mention.kind} of it"
    own = (mention.url,) if mention.kind == "article" else ()
    links = (*own, *mention.links, *links_in(mention.text))
    for link in shared(links, ignored) if links else ():
        found[number(f"l:{link}")] = "the same link"
    if text is not None:
        found[text.same] = "the same words"
    return tuple(found), tuple(found.values())
