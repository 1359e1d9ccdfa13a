"""From a post's text to what is compared, in two strengths.

`normalise` is exact and keeps the way back to the original offsets: zero-width characters out, ™ blank, then NFKC.
`fold` is coarse and quick: one string in which whatever could match a term still holds the term's own fold, between
blanks. Case, accents and the e of ae/oe/ue are gone, separators are blanks. `shape` is what words are compared by.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from listeners.query import characters

# Letters that Unicode does not take apart, with what a plain term finds them by.
BASES = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}

# A folded @: the only separator that is kept, since what stands around it belongs together.
AT = " @ "

_touched = re.compile(f"[{characters.REMOVED}{characters.BLANKED}]")
_removed = re.compile(f"[{characters.REMOVED}]+")
_kept_in_emoji = re.compile(f"[{characters.VARIATIONS}]")
# Hangul vowels and finals and the half-width kana marks are letters that join the one before them.
_JOINING = f"{characters.MARKS}{characters.REMOVED}\u1160-\u11ff\uff9e\uff9f"
# Most of a text is runs of characters that NFKC leaves alone.
_STABLE = "\x00-\x7f\xc0-\xff\u2013\u2014\u2018-\u201e\u20ac"
_cluster = re.compile(
    f"(?P<stable>[{_STABLE}]+(?![{_JOINING}]))|(?P<emoji>{characters.EMOJI})|.[{_JOINING}]*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Normal:
    """Normalised text. Character i came from `starts[i]`:`ends[i]` of the original; None when nothing moved."""

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that `start`:`end` (not empty) came from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normal:
    """Take out zero-width characters, blank out ™ ® © ℠, apply NFKC. An emoji keeps the joiners inside it."""
    if text.isascii() or (unicodedata.is_normalized("NFKC", text) and not _touched.search(text)):
        return Normal(text)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _cluster.finditer(text):
        piece = match.group() if match.lastgroup == "stable" else _normal_cluster(match)
        start, end = match.span()
        if piece == match.group():
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            starts += [start] * len(piece)
            ends += [start + len(match.group().rstrip("\u200b\u200c\u200d\ufeff"))] * len(piece)
        pieces.append(piece)
    return Normal("".join(pieces), starts, ends)


def _normal_cluster(cluster: re.Match[str]) -> str:
    if cluster.lastgroup == "emoji":
        return _kept_in_emoji.sub("", cluster.group())
    kept = _removed.sub("", cluster.group())
    if kept[:1] in characters.BLANKED:
        return " " * bool(kept)
    normal = unicodedata.normalize("NFKC", kept)
    # ´ and its like become a blank and a mark, which would start the next word; people write don´t.
    return " " if normal[:1] == " " != kept[0] else normal


class _FoldTable(dict[int, str]):
    """str.translate's table for `fold`, filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(char: str) -> str:
    if characters.is_removed(char):
        return ""
    opened = unicodedata.normalize("NFKD", char)
    if opened == "@":
        return AT
    if char in characters.BLANKED or char == characters.KEYCAP or opened[0] == " ":
        return " "
    opened = unicodedata.normalize("NFKD", opened.casefold())
    if characters.is_picture(opened):
        return f" {opened} "
    return "".join(_fold_letter(c) for c in opened)


def _fold_letter(char: str) -> str:
    if characters.is_mark(char):
        return ""
    if characters.is_unspaced(char):
        return f" {char} "
    return BASES.get(char, char) if char.isalnum() or char == "_" else " "


_table = _FoldTable()
_ascii = {code: _fold_character(chr(code)) for code in range(128)}
_foreign = re.compile(r"[^\x00-\x7f]+")
_later_e = re.compile("(?<=[aou])e+")


def fold(text: str) -> str:
    """The coarse form. Folds character by character, so the fold of a part is a part of the fold of the whole, but for
    an e that follows a, o or u."""
    if not text.isascii():
        text = _foreign.sub(lambda run: run[0].translate(_table), text)
    folded = text.translate(_ascii)
    if "ae" in folded or "oe" in folded or "ue" in folded:
        return _later_e.sub("", folded)
    return folded


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> str:
    """A normalised word case-folded, its letters taken apart from their marks."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFD", word.casefold())


@lru_cache(maxsize=1 << 16)
def key(word: str) -> str:
    """What a word is looked up by: equal for all words that one term may match."""
    return fold(word).strip()
