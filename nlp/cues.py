"""Cues: the words and phrases of our own lists, and the one pass that finds them all in a text.

A list is a TSV file `lexicons/<theme>.<language>.tsv` of pattern, value and group. A pattern is lower case words, with
`stem*`, `*head`, `(a|b)` for a choice, `..` for up to four words between and `<n>` for a number. German patterns also
match as ae/oe/ue/ss, English n't also as nt. The longest match wins, so a longer pattern of value 0 silences the
shorter one in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from leitstand.errors import ConfigurationError, Problem

LEXICONS = Path(__file__).parent / "lexicons"

_CHOICE = re.compile(r"\(([^()]*)\)")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_OPEN = re.compile(r"\.\.|<n>|\*(?= )|(?<= )\*|(?<=\w)\*(?=\w)")
_NUMBER = (
    r"(?:\d+(?:[.,]\d+)?\+?|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|dreißig|vierzig)"
)
_WINDOW = 120
_LAYERED = frozenset({"context", "intents"})
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Cue:
    """One line of a list. What `value` and `group` mean is up to the theme."""

    theme: str
    pattern: str
    value: float
    group: str


class Hit(NamedTuple):
    """A cue found at `start`:`end` of a folded text."""

    cue: Cue
    start: int
    end: int


class _Form(NamedTuple):
    """One spelling of a cue's pattern: a literal with open or closed ends, or a regular expression around one."""

    cue: Cue
    open_left: bool
    open_right: bool
    expression: str  # "" for none; compiled when it is first asked: most never are
    reaches_out: bool  # it can match where its literal is only a part of a word
    also: tuple[str, ...] = ()  # what the expression needs besides the literal: looking for it is cheaper
    counts: bool = False  # a number and the literal in one word ("3h"): a digit stands before the literal

    @property
    def layer(self) -> tuple[str, str]:
        """Where a longer match outdoes a shorter one: in the whole theme, or only in its group."""
        return self.cue.theme, self.cue.group if self.cue.theme in _LAYERED else ""


class _Anchor(NamedTuple):
    """A literal to look for: whether a letter right before or after it makes it a part of a word, its forms with the
    numbers of their layers, and those that may match inside a word."""

    joins_left: bool
    joins_right: bool
    forms: tuple[tuple[_Form, int], ...]
    inside: tuple[tuple[_Form, int], ...]


def read(theme: str, language: str) -> list[Cue]:
    """The cues of one list; empty if there is no such list. A malformed line is a ConfigurationError."""
    path = LEXICONS / f"{theme}.{language}.tsv"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_cue(theme, line, number, path.name) for number, line in enumerate(lines, 1) if line and line[:2] != "# "]


def _cue(theme: str, line: str, number: int, file: str) -> Cue:
    pattern, _, rest = line.partition("\t")
    value, _, group = rest.partition("\t")
    try:
        return Cue(theme, pattern, float(value), group)
    except ValueError as error:
        raise ConfigurationError([Problem("", "not a line of pattern, value and group", number, file)]) from error


class CueFinder:
    """Finds all cues of some lists in one pass over a folded text."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._forms: dict[str, list[_Form]] = {}
        for cue in cues:
            for anchor, form in _forms(cue):
                self._forms.setdefault(anchor, []).append(form)
        self._anchors = list(self._forms)
        layers = list(dict.fromkeys(form.layer for forms in self._forms.values() for form in forms))
        self._themes = [theme for theme, _ in layers]
        numbers = {layer: number for number, layer in enumerate(layers)}
        self._by_anchor = [
            _Anchor(
                anchor[:1].isalnum(),
                anchor[-1:].isalnum(),
                tuple((form, numbers[form.layer]) for form in forms),
                tuple((form, numbers[form.layer]) for form in forms if form.reaches_out),
            )
            for anchor, forms in self._forms.items()
        ]
        self._automaton = AhoCorasick(self._anchors)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that occurs in a list."""
        return frozenset(word for anchor in self._anchors for word in anchor.split())

    def find(self, text: str) -> dict[str, list[Hit]]:
        """The hits by theme, in the order of the text. See `_Form.layer` for those inside a longer one."""
        found: dict[int, list[Hit]] = {}
        last = len(text)
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            joins_left, joins_right, forms, inside = self._by_anchor[index]
            if (joins_left and start and text[start - 1].isalnum()) or (
                joins_right and end < last and text[end].isalnum()
            ):
                if not inside:
                    continue
                whole, forms = False, inside
            else:
                whole = True
            for form, layer in forms:
                if whole and not form.reaches_out:
                    hit: Hit | None = Hit(form.cue, start, end)
                else:
                    hit = _verify(form, text, start, end)
                if hit is not None:
                    if layer in found:
                        found[layer].append(hit)
                    else:
                        found[layer] = [hit]
        themes: dict[str, list[Hit]] = {}
        for layer, hits in found.items():
            theme = self._themes[layer]
            kept = hits if len(hits) == 1 else _longest(hits)
            themes[theme] = themes[theme] + kept if theme in themes else kept
        return {theme: hits if len(hits) == 1 else sorted(hits, key=_place) for theme, hits in themes.items()}


def _verify(form: _Form, text: str, start: int, end: int) -> Hit | None:
    if not form.expression:
        left = _word_start(text, start) if form.open_left else start
        right = _word_end(text, end) if form.open_right else end
        return Hit(form.cue, left, right) if _is_whole(text, left, right) else None
    if form.counts and not (start and text[start - 1].isdecimal()):
        return None
    for piece in form.also:
        if piece not in text:
            return None
    for match in _regex(form.expression).finditer(text, max(0, start - _WINDOW), end + _WINDOW):
        if match.start() <= start and match.end() >= end:
            return Hit(form.cue, match.start(), match.end())
    return None


def _is_whole(text: str, start: int, end: int) -> bool:
    """Neither end cuts a word in two."""
    return not (
        (start > 0 and text[start - 1].isalnum() and text[start].isalnum())
        or (end < len(text) and text[end].isalnum() and text[end - 1].isalnum())
    )


def _word_start(text: str, position: int) -> int:
    limit = max(0, position - _LONGEST_WORD)
    while position > limit and text[position - 1].isalnum():
        position -= 1
    return position


def _word_end(text: str, position: int) -> int:
    limit = min(len(text), position + _LONGEST_WORD)
    while position < limit and text[position].isalnum():
        position += 1
    return position


def _longest(hits: Sequence[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    reach = -1
    for hit in sorted(hits, key=_place):
        if hit.end > reach:
            kept.append(hit)
            reach = hit.end
    return kept


def _place(hit: Hit) -> tuple[int, int, float]:
    return hit.start, -hit.end, -abs(hit.cue.value)


@cache
def _regex(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


@cache
def _forms(cue: Cue) -> tuple[tuple[str, _Form], ...]:
    """The literals of a cue's spellings, each with its form. A list is in several finders, its forms are there once."""
    return tuple(_compile(cue, spelling) for spelling in _spellings(cue.pattern))


def _spellings(pattern: str) -> list[str]:
    choices = [part.split("|") if number % 2 else [part] for number, part in enumerate(_CHOICE.split(pattern))]
    spellings = [" ".join("".join(parts).split()) for parts in product(*choices)]
    folded = [spelling.translate(_UMLAUTS) for spelling in spellings]
    return list(dict.fromkeys([*spellings, *folded, *(spelling.replace("n't", "nt") for spelling in spellings)]))


def _compile(cue: Cue, spelling: str) -> tuple[str, _Form]:
    """The literal to look for, and what must hold around it."""
    if _OPEN.search(spelling) is None:
        open_left, open_right = (
            spelling[:1] == "*" and spelling[1:2].isalnum(),
            spelling[-2:-1].isalnum() and spelling[-1] == "*",
        )
        literal = spelling[open_left : len(spelling) - open_right]
        return literal, _Form(cue, open_left, open_right, "", open_left or open_right)
    pieces = [part.strip() for part in re.split(r"\.\.|<n>|\*", spelling)]
    anchor = max(pieces, key=len)
    also = tuple(word for piece in pieces if piece != anchor for word in piece.split())
    counts = spelling == f"<n>{anchor}"
    return anchor, _Form(cue, False, False, _expression(spelling), True, also, counts)


def _expression(spelling: str) -> str:
    between = r"[^\w.!?\x01]{1,4}"
    source = ""
    for word in spelling.split():
        if word == "..":
            source += rf"(?:{between}\w+){{0,4}}?"
            continue
        piece = _NUMBER if word == "<n>" else re.escape(word).replace(r"\*", r"\w*").replace("<n>", r"\d+")
        source += (between if source else "") + piece
    return rf"(?<!\w){source}(?!\w)"
