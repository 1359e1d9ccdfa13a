"""A query cut into lexemes with positions: operators, parentheses, words, phrases, `{exact}`, fields."""

import re
from dataclasses import dataclass
from enum import StrEnum

from leitstand.errors import QueryError


class LexemeKind(StrEnum):
    """What sort of thing stands here."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"
    WORD = "word"
    PHRASE = "phrase"
    EXACT = "exact"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """`text` is what stands inside the quotes or braces, or after the field's `name`; `at` is where it starts."""

    kind: LexemeKind
    text: str
    start: int
    end: int
    at: int = 0
    name: str = ""
    quoted: bool = False


_COMMENT = "<<<"
_blank = re.compile(r"\s+")
_word = re.compile(r"(?:(?!<<<)[^\s()\"{}])+")
_field = re.compile(r"([^\W\d]\w*):(?!//)")
_near = re.compile(r"O?NEAR(?:/\S*)?")
_tilde = re.compile(r"~\d*")
_phrase = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_exact = re.compile(r"\{([^{}]*)\}")
_range = re.compile(r"\[[^\[\]]*\]")
_OPERATORS = {"AND": LexemeKind.AND, "OR": LexemeKind.OR, "NOT": LexemeKind.NOT}

FIELDS = ("lang", "channel", "author", "followers", "site", "url", "is", "has")


def lex(query: str) -> list[Lexeme]:
    """Cut a query. Raises QueryError for what is left unclosed."""
    found: list[Lexeme] = []
    position = 0
    while position < len(query):
        blank = _blank.match(query, position)
        if blank:
            position = blank.end()
        elif query.startswith(_COMMENT, position):
            position = _after_comment(query, position)
        else:
            found.append(_next(query, position))
            position = found[-1].end
    return found


def comments(query: str) -> list[tuple[int, str]]:
    """The comments of a query, with the place each begins at."""
    found: list[tuple[int, str]] = []
    position = 0
    while position < len(query):
        if query.startswith(_COMMENT, position):
            end = _after_comment(query, position)
            found.append((position, query[position:end]))
            position = end
        else:
            blank = _blank.match(query, position)
            position = blank.end() if blank else _next(query, position).end
    return found


def _after_comment(query: str, start: int) -> int:
    end = query.find(">>>", start)
    if end < 0:
        raise QueryError("this comment is not closed", start, start + 3, "end it with >>>")
    return end + 3


def _next(query: str, start: int) -> Lexeme:
    char = query[start]
    if char in "()":
        return Lexeme(LexemeKind(char), char, start, start + 1)
    if char == '"':
        return _quoted(query, start)
    if char == "{":
        return _braced(query, start)
    if char == "}":
        raise QueryError("this brace closes nothing", start, start + 1, 'write it in quotes: "}"')
    return _field_at(query, start) or _word_at(query, start)


def _quoted(query: str, start: int) -> Lexeme:
    match = _phrase.match(query, start)
    if not match:
        raise QueryError("this quote is not closed", start, start + 1, 'end the phrase with "')
    return Lexeme(LexemeKind.PHRASE, match[1], start, match.end(), start + 1, quoted=True)


def _braced(query: str, start: int) -> Lexeme:
    match = _exact.match(query, start)
    if not match:
        raise QueryError("this brace is not closed", start, start + 1, "end the exact text with }")
    return Lexeme(LexemeKind.EXACT, match[1], start, match.end(), start + 1)


def _word_at(query: str, start: int) -> Lexeme:
    match = _word.match(query, start)
    text = match.group() if match else query[start]
    end = start + len(text)
    if _tilde.match(text) and start and query[start - 1] in '")':
        raise QueryError("~ is no operator here", start, end, "write a NEAR/5 b for at most five words between")
    if text in _OPERATORS:
        return Lexeme(_OPERATORS[text], text, start, end)
    if _near.fullmatch(text):
        return Lexeme(LexemeKind.NEAR, text, start, end)
    return Lexeme(LexemeKind.WORD, text, start, end, start)


def _field_at(query: str, start: int) -> Lexeme | None:
    """`name:value`; None where it is text (`Achtung:`, `12:30`) or an address."""
    match = _field.match(query, start)
    if not match:
        return None
    name, at = match[1], match.end()
    value = _phrase.match(query, at) or _range.match(query, at) or _word.match(query, at)
    if query.startswith('"', at) and not _phrase.match(query, at):
        return _quoted(query, at)
    if value is None:
        return _without_value(query, match, name)
    quoted = query.startswith('"', at)
    text = value[1] if quoted else value.group()
    return Lexeme(LexemeKind.FIELD, text, start, value.end(), at + quoted, name, quoted)


def _without_value(query: str, match: re.Match[str], name: str) -> Lexeme | None:
    if name.lower() not in FIELDS:
        return None
    if query.startswith("(", match.end()):
        message, hint = f"{name}: takes no group", f"write ({name}:a OR {name}:b)"
    else:
        message, hint = (
            f"{name}: has no value",
            f'write the value right after the colon, or "{match[1]}" to search for the text',
        )
    raise QueryError(message, match.start(), match.end(), hint)
