"""A post's text as stories compare it: its bare words, and what in them turns their meaning round. Pure.

Taken off: RT prefix, handles, tags, links, emoji, case, accents (ä, ae and a are one), punctuation. Number words are
numbers. Letters and digits grown together (`IC2023`) are two words, so that a number is always a word of its own.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from leitstand.likeness.links import without_links

FEWEST: Final = 5
_LONGEST = 5000  # characters read: beyond that, the beginning tells

_UNSEEN = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\ufe00-\ufe0f]|[0-9#*]\ufe0f?\u20e3|[™®©℠]")
_REPOSTED = re.compile(r"^\W*(?:(?:RT|MT|QT)\b\s*:?\s*(?:@[\w.@-]+\s*:?|(?<=:))\s*)+")
_VIA = re.compile(r"[\s(\[]*\b(?:via|h/t)\s+@[\w.@-]+[\s)\]]*$", re.IGNORECASE)
_ENDS_IN_HANDLE = re.compile(r"@[\w.@-]+[\s)\]]*$")
# What is looked behind stands after the sign itself: a sign is found ten times as fast as a place before which …
_TAG = re.compile(r"[#$](?<![\w&].)([^\W\d_][\w-]*)")
_ADDRESS_OR_HANDLE = re.compile(r"(?<!\w)@[\w.-]+(?:@[\w.-]+\w)?|[\w.+-]+@[\w-]+\.[\w.-]+")
_IN_ADDRESS = re.compile(r"@(?<=[\w.+-]@)")
_HANDLE = re.compile(r"@(?<!\w@)[\w.-]+(?:@[\w.-]+\w)?")
_CUT = re.compile(r"(?:…|\.\.\.)\W*$")
_INTERJECTION = re.compile(r"^\W*(?:(?:oh|och|ach)\s+)?(?:no+|nein|nope)\b\s*[!.,:…–-]+\s*", re.IGNORECASE)
# A thread's own numbering, as `(1/3)`.
_PART = re.compile(r"^\W*\b\d{1,2}/(?:\d{1,2}|[nx])\b|\b\d{1,2}/(?:\d{1,2}|[nx])\b(?=\W*$)", re.IGNORECASE)
_CRIES: Final = frozenset("nNoOaA")
_APOSTROPHE = re.compile(r"['’‘ʼ´`](?<=\w.)(?=\w)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?![\d.,]*\d)")
_BREAK = re.compile(r"[.!?:;…\n]+(?=\s|$)|\s[-–—|]+\s")
_THOUSAND = re.compile(r"\d[.,]\d{3}")
_WORD = re.compile(r"\w+")
# A word, a number, or one character of a script that is written without blanks.
_TOKEN = re.compile(r"\d+|[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W\d_\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")
_PLAIN_TOKEN = re.compile(r"[0-9]+|[a-z]+")  # the same, of folded text in ASCII: twice as fast
_PLAIN_LETTERS: Final = {"ø": "o", "ł": "l", "æ": "a", "œ": "o", "ı": "i", "đ": "d", "ð": "d", "þ": "th"}


class _Bare(dict[int, str]):
    """Each character without its marks, worked out once. Marks are taken off Latin and Greek letters only."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = unicodedata.normalize("NFD", char)
        latin = len(base) > 1 and base[0] < "\u0400"
        self[code] = found = "" if "\u0300" <= char <= "\u036f" else base[0] if latin else char
        return found


_BARE = _Bare({ord(char): plain for char, plain in _PLAIN_LETTERS.items()})


def fold(text: str) -> str:
    """Without accents; ä, ae and a are one."""
    plain = text if text.isascii() else text.translate(_BARE)
    return plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")


_NUMBER_WORDS: Final = {
    fold(word): str(value)
    for value, words in {
        2: "two zwei zwo second zweite zweiten zweiter zweites twice zweimal",
        3: "three drei third dritte dritten dritter drittes thrice dreimal",
        4: "four vier fourth vierte vierten vierter viertes viermal",
        5: "five funf fifth funfte funften funfter funfmal",
        6: "six sechs",
        7: "seven sieben",
        8: "eight",
        9: "nine neun",
        10: "ten zehn",
        11: "eleven elf",
        12: "twelve zwolf",
        15: "fifteen funfzehn",
        20: "twenty zwanzig",
        30: "thirty dreissig",
        40: "forty vierzig",
        50: "fifty funfzig",
        100: "hundred hundert",
        1000: "thousand tausend",
    }.items()
    for word in words.split()
}
_NEGATING: Final = """
no not never none nobody nothing nowhere neither nor cannot without cant wont dont doesnt didnt isnt arent wasnt werent
hasnt havent hadnt shouldnt wouldnt couldnt aint mustnt neednt
nicht nich net nix nichts nie niemals niemand niemanden niemandem nirgends nirgendwo kein keine keinen keinem keiner
keines keins keinerlei ohne weder keineswegs nimmer hardly barely kaum
pas jamais sans aucun aucune nunca niet geen nooit
"""
NEGATORS: Final = frozenset(map(fold, _NEGATING.split()))


@dataclass(frozen=True)
class Words:
    """The words of a text. `cut` says that it ends in an ellipsis, `tags` are its tags that have digits.

    `folded` is the text as the words were found in it.
    """

    tokens: tuple[str, ...]
    count: int
    cut: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    folded: str = ""

    @property
    def enough(self) -> bool:
        """Whether there are enough words to be compared at all."""
        return self.count >= FEWEST

    @cached_property
    def shingles(self) -> frozenset[str]:
        """Every two words that stand next to each other."""
        return shingles(self.tokens)

    @cached_property
    def sentences(self) -> frozenset[int]:
        """The places among the words at which a sentence, or what a colon or a dash parts, begins."""
        starts, place = {0}, 0
        for part in _BREAK.split(self.folded):
            starts.add(place)
            place += len(_TOKEN.findall(part))
        return frozenset((*starts, place))


def shingles(tokens: tuple[str, ...]) -> frozenset[str]:
    """Every two words that stand next to each other."""
    return frozenset(map(" ".join, pairwise(tokens)))


def numbers(tokens: tuple[str, ...]) -> list[str]:
    """The numbers among the words: nine in region ten is not ten in region nine."""
    return [token.lstrip("0") or "0" for token in tokens if token[0].isdigit()]


def negations(tokens: tuple[str, ...]) -> int:
    """How often something is denied."""
    return sum(token in NEGATORS for token in tokens)


def words_of(text: str) -> Words:
    """The words of a post's text."""
    plain, tags = _bared(text[:_LONGEST])
    cut = ("..." in plain or "…" in plain) and _CUT.search(plain) is not None
    folded = fold((plain if plain.isascii() and "'" not in plain else _APOSTROPHE.sub("", plain)).casefold())
    if _THOUSAND.search(folded):
        folded = _THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), folded)
    found = (_PLAIN_TOKEN if folded.isascii() else _TOKEN).findall(folded)
    tokens = tuple([_NUMBER_WORDS.get(token, token) for token in found])
    return Words(tokens, _count(folded, tokens), cut, tags, folded)


def _bared(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text without what is no word of its author, and its tags that have digits."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    if text[:3].strip(' \t\n"“„:')[:1] in ("R", "M", "Q"):
        text = _REPOSTED.sub("", text)
    text = without_links(text)
    if "@" in text:
        text = _VIA.sub(" ", text) if _ENDS_IN_HANDLE.search(text) else text
        text = (_ADDRESS_OR_HANDLE if _IN_ADDRESS.search(text) else _HANDLE).sub(" ", text)
    tags: tuple[tuple[str, str], ...] = ()
    if "#" in text or "$" in text:
        tags = tuple(_numbered(tag) for tag in _TAG.findall(text) if any(map(str.isdigit, tag)))
        text = _TAG.sub(" ", text)
    if "/" in text:
        text = _PART.sub(" ", text)
    return _INTERJECTION.sub("", text) if text.lstrip()[:1] in _CRIES else text, tags


def _count(folded: str, tokens: tuple[str, ...]) -> int:
    """How many words a reader counts: `IC2023` is one, a character of a script without blanks is one."""
    if folded.isascii() or not any("\u0e00" <= token[0] <= "\u9fff" for token in tokens):
        return len(_WORD.findall(folded)) if FEWEST <= len(tokens) < 3 * FEWEST else len(tokens)
    return len(tokens)


def _numbered(tag: str) -> tuple[str, str]:
    """A tag's letters and its digits."""
    folded = fold(tag.casefold())
    return re.sub(r"\d", "", folded), re.sub(r"\D", "", folded)
