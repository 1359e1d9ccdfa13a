"""Whether a word of a query is a word of a post: case, accents, German spelling, wildcards, tags, mentions, emoji."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from listeners.query.characters import without_tones
from listeners.query.text import BASES, key, shape
from listeners.query.tree import Wildcard
from listeners.query.words import Kind, Token, local_part

_MARK = r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_NO_MARK = _MARK.replace("[", "[^", 1)
_marked = re.compile(r"[a-z\u00df-\u02af\u0370-\u03ff\u1d00-\u1fff]" + _MARK)
_strips_marks = re.compile(r"[a-z\u00df-\u02af\u0370-\u03ff\u1d00-\u1fff\u2c60-\u2c7f\ua720-\ua7ff]").match
_german = re.compile("([aou])(e|\u0308)(?!" + _MARK + ")")
_LIGATURES = {"ae": "æ", "oe": "œ"}
_BASED = {base: "".join(k for k, v in BASES.items() if v == base) for base in BASES.values() if len(base) == 1}

Pieces = tuple[str | Wildcard, ...]


def is_accented(pieces: Pieces) -> bool:
    """Whether a term's word has an accent, and so is exact."""
    shapes = (shape(piece) for piece in pieces if isinstance(piece, str))
    return any(_marked.search(s) or not BASES.keys().isdisjoint(s) for s in shapes)


@lru_cache(maxsize=1 << 16)
def word_pattern(pieces: Pieces) -> re.Pattern[str]:
    """The expression that the whole of a word's shape must match."""
    literal = _accented_literal if is_accented(pieces) else _plain_literal
    return _glob([literal(shape(p)) if isinstance(p, str) else p for p in pieces], f"{_NO_MARK}{_MARK}*")


@lru_cache(maxsize=1 << 12)
def handle_pattern(pieces: Pieces) -> re.Pattern[str]:
    """The expression for a case-folded handle, or its local part."""
    return _glob([re.escape(p.casefold()) if isinstance(p, str) else p for p in pieces], r"\w")


def _glob(pieces: list[str | Wildcard], one: str) -> re.Pattern[str]:
    """Join literals and wildcards. What follows a * is taken at its nearest place and never tried again: linear."""
    segments = [""]
    for piece in pieces:
        if piece is Wildcard.ANY:
            segments.append("")
        else:
            segments[-1] += one if isinstance(piece, Wildcard) else piece
    anything, ends = (r"\w", "") if one == r"\w" else (".", f"(?!{_MARK})")
    # A * begins with a letter: without this, it would take the accent of the last one that is written before it.
    first, *between = [segment + ends for segment in segments[:-1]] + segments[-1:]
    nearest = "".join(f"(?>{anything}*?{segment})" for segment in between[:-1])
    last = f"{anything}*{between[-1]}" if between else ""
    return re.compile(first + nearest + last)


def _plain_literal(literal: str) -> str:
    """Any accent on Latin and Greek letters; ae, oe, ue also as umlaut."""
    out, index = "", 0
    while index < len(literal):
        pair = literal[index : index + 2]
        if pair in ("ae", "oe", "ue"):
            out += f"(?:{pair[0]}\u0308|{pair[0]}{_MARK}*e{_MARK}*|{_LIGATURES.get(pair, pair)})"
            index += 2
        else:
            out += _plain_letter(literal[index])
            index += 1
    return out


def _plain_letter(letter: str) -> str:
    if not _strips_marks(letter):
        return re.escape(letter)
    return f"[{letter}{_BASED.get(letter, '')}]{_MARK}*"


def _accented_literal(literal: str) -> str:
    """Exact, but ä and ae, ö and oe, ü and ue are one."""
    return _german.sub("(?:\\1\u0308|\\1e)", literal)


@lru_cache(maxsize=1 << 16)
def word_test(kind: Kind, pieces: Pieces) -> Callable[[Token], bool]:
    """A function that says whether one word of a post is this word. Not for scripts without blanks."""
    if kind is Kind.MENTION:
        return _mention_test(pieces)
    if kind in (Kind.EMOJI, Kind.MAIL):
        text = str(pieces[0]).casefold()
        return lambda token: token.kind is kind and text in (token.text.casefold(), without_tones.sub("", token.text))
    same = _shape_test(pieces)
    if kind is not Kind.WORD:
        return lambda token: token.kind is kind and same(token.text)
    return lambda token: same(token.text) if token.kind is kind else any(map(same, words_inside(token)))


def _shape_test(pieces: Pieces) -> Callable[[str], bool]:
    """A function that compares one word. Few words are looked at that are not simply equal: the expression can wait."""
    own = shape(str(pieces[0])) if len(pieces) == 1 else None
    own_key = key(str(pieces[0]))

    def same(word: str) -> bool:
        other = shape(word)
        if own is not None and (other == own or key(word) != own_key):
            return other == own
        return word_pattern(pieces).fullmatch(other) is not None

    return same


def words_inside(token: Token) -> tuple[str, ...]:
    """The words that a plain term may be: a tag's or a mention's whole, a handle's local part."""
    if token.kind in (Kind.WORD, Kind.TAG):
        return (token.text,)
    if token.kind is Kind.MENTION:
        return (token.text, local_part(token.text))
    return ()


def _mention_test(pieces: Pieces) -> Callable[[Token], bool]:
    return lambda token: token.kind is Kind.MENTION and handle_matches(pieces, token.text)


def handle_matches(pieces: Pieces, handle: str) -> bool:
    """Whether a handle, or its local part, is the one asked for."""
    full = handle_pattern(pieces).fullmatch
    folded = unicodedata.normalize("NFKC", handle).casefold()
    return bool(full(folded) or full(local_part(folded)))
