"""What a query may say but perhaps does not mean."""

import re
from dataclasses import dataclass

from listeners.query.tokens import Lexeme, LexemeKind


@dataclass(frozen=True, slots=True)
class LintWarning:
    """A doubtful place of a query, `start`:`end`. The query is taken all the same."""

    start: int
    end: int
    message: str
    suggestion: str


_operator = re.compile(r"and|or|not|o?near(?:/\d+f?)?", re.IGNORECASE)
_typographic = re.compile("[„“”«»]")


def juxtaposition(start: int, end: int) -> LintWarning:
    """Two operands with nothing between."""
    return LintWarning(start, end, "no operator between these; read as AND", 'write AND, or quotes around a "phrase"')


def of_lexeme(lexeme: Lexeme) -> list[LintWarning]:
    """The doubts about one word."""
    if lexeme.kind is not LexemeKind.WORD:
        return []
    text, found = lexeme.text, list[LintWarning]()
    if _operator.fullmatch(text):
        found.append(_warn(lexeme, f"{text} is searched for as a word", f"operators are upper case: {text.upper()}"))
    if text[0] == "-":
        found.append(_warn(lexeme, "a minus excludes nothing", f"write NOT {text.lstrip('-')}"))
    if _typographic.search(text):
        found.append(_warn(lexeme, "these quotes make no phrase", 'use straight quotes: "'))
    if text[-1] == "?" and "?" not in text[:-1]:
        found.append(
            _warn(lexeme, "? stands for one more character", f"to search for the word write {text.rstrip('?')}")
        )
    return found


def _warn(lexeme: Lexeme, message: str, suggestion: str) -> LintWarning:
    return LintWarning(lexeme.start, lexeme.end, message, suggestion)
