"""Finds the few patterns that a sentence can match, among hundreds: by its first letter, and by words it must have."""

import re
from collections.abc import Iterable, Mapping

from leitstand.language.phrases import Phrase

Candidate = tuple[str, re.Pattern[str], str]
_SIGN = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|.", re.DOTALL)
_SPECIAL = frozenset(".?*+{}^$()")
_REPEATED = frozenset("?*{")


def by_first_letter(phrases: Iterable[Phrase]) -> tuple[Mapping[str, list[Candidate]], list[Candidate]]:
    """The candidates for a sentence that begins with a letter, in their order, and those for one with any other."""
    found = [(opens(pattern.pattern), (needed(pattern.pattern), pattern, message)) for pattern, message in phrases]
    letters = {letter for letter, _ in found if letter}
    return (
        {letter: [one for first, one in found if first in ("", letter)] for letter in letters},
        [one for first, one in found if not first],
    )


def opens(regex: str) -> str:
    """The letter that all it matches begins with; "" where that is not certain."""
    chunks = _chunks(regex)
    return chunks[0][:1] if chunks else ""


def needed(regex: str) -> str:
    """The longest text that all it matches contains."""
    return max(_chunks(regex), key=len, default="")


def _chunks(regex: str) -> list[str]:
    """The literal texts outside of groups, in their order; the first is "" where a pattern begins otherwise."""
    chunks, depth, signs = [""], 0, _SIGN.findall(regex)
    for sign, after in zip(signs, [*signs[1:], ""], strict=True):
        if sign == "|" and depth == 0:
            return []
        if depth == 0 and len(sign) == 1 and sign not in _SPECIAL and after not in _REPEATED:
            chunks[-1] += sign
        elif depth == 0:
            chunks.append("")
        depth += (sign == "(") - (sign == ")")
    return chunks
