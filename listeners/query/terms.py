"""From what stands in a query to the words it searches for: escapes, wildcards, tags, addresses."""

import re
from dataclasses import replace

from leitstand.errors import QueryError
from listeners.query.characters import ANY, ONE
from listeners.query.text import normalise
from listeners.query.tokens import Lexeme
from listeners.query.tree import Exact, Term, Wildcard, Word
from listeners.query.words import Kind, Token, split

MAX_WILDCARDS = 5

_WILD = {ANY: Wildcard.ANY, ONE: Wildcard.ONE}
_pieces = re.compile(f"[{ANY}{ONE}]|[^{ANY}{ONE}]+")
_wildcards = re.compile(f"[{ANY}{ONE}]")
_escaped = re.compile(r'\\([\\"*?])|([*?])|(.)', re.DOTALL)


def read_term(lexeme: Lexeme) -> Term:
    """The term or phrase of a lexeme. Raises QueryError where it cannot be searched for."""
    text, places = _unescape(lexeme)
    normal = normalise(text)
    words: list[Word] = []
    tokens = split(normal.text, query=True)
    for before, token in zip([None, *tokens], tokens, strict=False):
        place = normal.original(token.start, token.end)
        start, end = places[place[0]], places[place[1] - 1] + 1
        glued = before is not None and before.end == token.start
        _add(words, token, glued, token is tokens[-1], start, end)
    if not words:
        _refuse_empty(lexeme)
    return Term(tuple(words), lexeme.start, lexeme.end, lexeme.quoted)


def read_exact(lexeme: Lexeme) -> Exact:
    """The exact text of `{…}`."""
    text = " ".join(normalise(lexeme.text).text.split())
    words = tuple(token.text for token in split(text))
    if not words:
        _refuse_empty(lexeme)
    if any(token.kind is Kind.URL for token in split(text)):
        raise _address(lexeme.text, lexeme.start, lexeme.end)
    return Exact(text, words, lexeme.start, lexeme.end)


def read_pieces(text: str, start: int) -> tuple[str | Wildcard, ...]:
    """A handle's literals and wildcards. Raises QueryError for a wildcard too early in it."""
    normal = normalise(text.replace("*", ANY).replace("?", ONE)).text
    _check_wildcards(normal, start, start + len(text))
    return _cut(normal)


def _unescape(lexeme: Lexeme) -> tuple[str, list[int]]:
    """The text with ANY and ONE for wildcards, and where in the query each of its characters stands."""
    chars: list[str] = []
    places: list[int] = []
    for match in _escaped.finditer(lexeme.text):
        escaped, wild, char = match.groups()
        if escaped is not None and not lexeme.quoted:
            chars += ["\\", _wild_char(escaped)]
            places += [lexeme.at + match.start(), lexeme.at + match.start() + 1]
        else:
            chars.append(escaped or (_wild_char(wild) if wild else _wildcards.sub(" ", char)))
            places.append(lexeme.at + match.start())
    return "".join(chars), places


def _wild_char(char: str) -> str:
    return {"*": ANY, "?": ONE}.get(char, char)


def _add(words: list[Word], token: Token, glued: bool, last: bool, start: int, end: int) -> None:
    if token.kind is Kind.URL:
        raise _address(token.text.replace(ANY, "*").replace(ONE, "?"), start, end)
    unspaced = glued and bool(words) and words[-1].kind is Kind.UNSPACED
    if unspaced and token.kind is Kind.UNSPACED:
        words[-1] = replace(words[-1], pieces=(words[-1].literal + token.text,))
    elif unspaced and _wildcards.match(token.text):
        _refuse_unspaced(token.text == ANY and last, start, end)
    else:
        if token.kind not in (Kind.EMOJI, Kind.MAIL):
            _check_wildcards(token.text, start, end)
        touches = glued and (unspaced or token.kind is Kind.UNSPACED)
        words.append(Word(token.kind, _cut(token.text), touches))


def _refuse_unspaced(at_the_end: bool, start: int, end: int) -> None:
    """In a script without blanks a term is a substring already, so that * at its end says nothing new."""
    if not at_the_end:
        raise QueryError(
            "no wildcard can stand here, inside a script without blanks", start, end, "write the parts as two terms"
        )


def _cut(text: str) -> tuple[str | Wildcard, ...]:
    return tuple(_WILD.get(piece, piece) for piece in _pieces.findall(text))


def _check_wildcards(text: str, start: int, end: int) -> None:
    found = _wildcards.search(text)
    if not found:
        return
    if found.start() == 0:
        raise QueryError("a wildcard cannot stand first in a word", start, end, "write at least two letters before it")
    if sum(char.isalnum() for char in text[: found.start()]) < 2:
        raise QueryError(
            "the word before the wildcard is too short", start, end, "write at least two letters before it"
        )
    if len(_wildcards.findall(text)) > MAX_WILDCARDS:
        raise QueryError(f"more than {MAX_WILDCARDS} wildcards in one word", start, end, "write several terms with OR")


def _refuse_empty(lexeme: Lexeme) -> None:
    if not lexeme.text.strip():
        what = "this phrase is empty" if lexeme.quoted else "there is nothing between these braces"
        raise QueryError(what, lexeme.start, lexeme.end, "write the words to search for, or remove it")
    raise QueryError(
        "there is no word here to search for",
        lexeme.start,
        lexeme.end,
        "signs only separate words; put them in a phrase with words",
    )


def _address(address: str, start: int, end: int) -> QueryError:
    shown = re.sub(r"^(?:\w+://)?(?:www\.)?", "", address)
    return QueryError("words are not searched inside addresses", start, end, f"write url:{shown}")
