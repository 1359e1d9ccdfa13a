"""Text as the cue finder reads it: lower case, one blank between words, handles and links blanked out.

Most posts keep their length, so positions carry over unchanged. Where letters are dropped or merged (stretched words,
combining marks, soft hyphens, runs of blanks) a table leads every position back to the original.
"""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

HANDLE = "\x00"
LINK = "\x02"
FIELD_BREAK = "\x01"

_BLANKED = re.compile(r"https?://\S+|www\.\S+|\bhttps?\b|@\w[\w.]*")
_SIMPLE = {"’": "'", "‘": "'", "`": "'", "´": "'", "\n": " ", "\t": " ", "\r": " ", "\u00a0": " ", "–": "-", "—": "-"}
_SIMPLE_IN_ASCII = {old: new for old, new in _SIMPLE.items() if old.isascii()}
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
# What is invisible: breaks and joints inside words, and what tells in which direction they run.
_INVISIBLE = rf"\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff{_MARKS}"
_STYLED = "\U0001d400-\U0001d7ff\uff01-\uff5e\u24b6-\u24e9"
_BLANKS = "\u2000-\u200a\u202f\u205f\u3000"
_ODD = re.compile(rf"[{_INVISIBLE}{_STYLED}{_BLANKS}]")
_UNEVEN = re.compile(rf"\s\s|{_ODD.pattern}")
_PILED = re.compile(rf"[{_MARKS}]{{3}}")  # no language of ours puts three marks on one letter
_STRETCHED = re.compile(r"([^\W\d_])\1\1")
_MAYBE_STRETCHED = re.compile(r"([^\x00-@])\1\1")  # asked first: a plain range is looked for three times as fast
_WORD = re.compile(r"[^\W\d_]{3,}")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_OURS = str.maketrans({HANDLE: " ", LINK: " "})
_HIDDEN = re.compile(rf"[{_INVISIBLE}]")


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is what cues are looked for in; `origins[i]` is where its i-th character stood (None: where it stands).

    `stretched` says that a word was written with drawn-out letters.
    """

    text: str
    origins: tuple[int, ...] | None = None
    stretched: bool = False

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that folded to `start`:`end` (not empty)."""
        if self.origins is None:
            return start, end
        return self.origins[start], self.origins[end - 1] + 1


def fold(text: str, known: Container[str] = frozenset()) -> Folded:
    """Fold a text. Of a stretched word the spelling found in `known` is taken ("gooood" → "good", "sooo" → "so")."""
    plain = text
    if HANDLE in text or LINK in text:  # those that stand there were not put there by us
        plain = text = text.translate(_OURS)
    if "@" in text or "http" in text or "www." in text:
        plain = _BLANKED.sub(_blank, text)
    for old, new in (_SIMPLE_IN_ASCII if plain.isascii() else _SIMPLE).items():
        if old in plain:  # some ten fast looks cost a fifth of one look at every character
            plain = plain.replace(old, new)
    lowered = _lower(plain)
    if not _is_uneven(lowered):
        return Folded(lowered)
    kept = _even(plain)
    lowered = _lower("".join(character for character, _ in kept))
    return _unstretch(lowered, [origin for _, origin in kept], known)


def unstyled(text: str) -> str:
    """A text in plain letters: styled ones made plain, scribbles and what is invisible dropped, blanks merged."""
    if text.isascii() or _ODD.search(text) is None:
        return text
    return "".join(character for character, _ in _even(text))


def is_addressed(text: str) -> bool:
    """A folded text that begins by naming an account: it is said to somebody."""
    return text.lstrip(' .!,"-').startswith(HANDLE)


def _is_uneven(text: str) -> bool:
    if _UNEVEN.search(text):
        return True
    return _MAYBE_STRETCHED.search(text) is not None and _STRETCHED.search(text) is not None


def _blank(match: re.Match[str]) -> str:
    return (HANDLE if match.group()[0] == "@" else LINK) * len(match.group())


def _lower(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _even(text: str) -> list[tuple[str, int]]:
    """Characters with their positions: styled letters made plain, invisible ones dropped, blanks merged."""
    kept: list[tuple[str, int]] = []
    scribbled = _PILED.search(text) is not None
    for position, character in enumerate(text):
        if _HIDDEN.match(character):
            if not scribbled:
                _compose(kept, character)
        elif character == " " and kept and kept[-1][0] == " ":
            continue
        else:
            plain = unicodedata.normalize("NFKC", character) if character > "\u2000" else character
            kept.append((plain if len(plain) == 1 else character, position))
    return kept


def _compose(kept: list[tuple[str, int]], mark: str) -> None:
    if kept and len(whole := unicodedata.normalize("NFC", kept[-1][0] + mark)) == 1 and whole.isalpha():
        kept[-1] = (whole, kept[-1][1])


def _unstretch(text: str, origins: list[int], known: Container[str]) -> Folded:
    pieces: list[str] = []
    places: list[int] = []
    position, stretched = 0, False
    for match in _WORD.finditer(text):
        word, start = match.group(), match.start()
        if _RUN.search(word) is None:
            continue
        short = _spelling(word, known)
        pieces += [text[position:start], short]
        places += origins[position:start]
        places += [*origins[start : start + len(short) - 1], origins[match.end() - 1]]
        position, stretched = match.end(), True
    return Folded("".join([*pieces, text[position:]]), (*places, *origins[position:]), stretched)


def _spelling(word: str, known: Container[str]) -> str:
    single, double = _RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word)
    return double if double in known and single not in known else single
