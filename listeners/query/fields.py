"""The fields of the language: `name:value` read into nodes, and whether a post has what they ask for."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import get_args
from urllib.parse import urlsplit

from leitstand.errors import QueryError
from leitstand.model import MentionKind
from listeners.query.document import Document
from listeners.query.patterns import handle_matches
from listeners.query.terms import read_pieces
from listeners.query.tokens import FIELDS, Lexeme
from listeners.query.tree import Author, Channel, Field, Followers, Has, Is, Language, Site, Url
from listeners.query.words import Kind

_KINDS: tuple[str, ...] = get_args(MentionKind)
_WHATS = ("link", "media")
_scheme = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//|^(?=www\.)", re.IGNORECASE)
_host = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_code = re.compile(r"[a-z]{2,3}")
_range = re.compile(r"\[\s*(\d{1,12})\s+TO\s+(\d{1,12})\s*\]")
_compared = re.compile(r"(>=|<=|>|<|=)\s*(\d{1,12})")


def read_field(lexeme: Lexeme) -> Field:
    """The node of `name:value`. Raises QueryError for an unknown name or a value that the field does not take."""
    reader = _READERS.get(lexeme.name.lower())
    if reader is None:
        raise _unknown(lexeme)
    if not lexeme.text.strip():
        raise _refusal(lexeme, f"{lexeme.name}: has no value", "write the value right after the colon")
    if lexeme.name.lower() != "author" and "*" in lexeme.text:
        raise _refusal(
            lexeme, f"{lexeme.name}: takes no wildcard", "wildcards stand in words, tags, mentions and author:"
        )
    return reader(lexeme)


def _unknown(lexeme: Lexeme) -> QueryError:
    near = get_close_matches(lexeme.name.lower(), FIELDS, n=1, cutoff=0.5)
    known = f"did you mean {near[0]}:?" if near else "known are " + ", ".join(f"{name}:" for name in FIELDS)
    end = lexeme.start + len(lexeme.name) + 1
    text = f"{lexeme.name}:{lexeme.text}"
    return QueryError(
        f"unknown field {lexeme.name}:", lexeme.start, end, f'{known}; to search for the text write "{text}"'
    )


def _refusal(lexeme: Lexeme, message: str, suggestion: str) -> QueryError:
    return QueryError(message, lexeme.start, lexeme.end, suggestion)


def _several(lexeme: Lexeme) -> tuple[str, ...]:
    parts = tuple(part.strip().casefold() for part in lexeme.text.split(","))
    if not all(parts):
        raise _refusal(lexeme, "an empty entry between commas", f"write {lexeme.name}:a,b")
    return parts


def _read_language(lexeme: Lexeme) -> Language:
    codes = _several(lexeme)
    for code in codes:
        if not _code.fullmatch(code):
            raise _refusal(lexeme, f"{code} is not a language code", "write the two letters of the language: lang:de")
    return Language(codes, lexeme.start, lexeme.end)


def _read_channel(lexeme: Lexeme) -> Channel:
    if "?" in lexeme.text:
        raise _refusal(lexeme, "channel: takes no wildcard", "write every channel's name: channel:x,blog")
    return Channel(_several(lexeme), lexeme.start, lexeme.end)


def _read_author(lexeme: Lexeme) -> Author:
    handle = lexeme.text.strip().removeprefix("@")
    if not handle or re.search(r"[\s,]", handle):
        raise _refusal(lexeme, f"{lexeme.text} is not one handle", "write (author:a OR author:b) for several")
    return Author(read_pieces(handle, lexeme.end - len(handle)), lexeme.start, lexeme.end)


def _read_followers(lexeme: Lexeme) -> Followers:
    text = lexeme.text.strip()
    between, compared = _range.fullmatch(text), _compared.fullmatch(text)
    if between:
        low, high = int(between[1]), int(between[2])
        if low > high:
            raise _refusal(lexeme, "the range is empty", f"write followers:[{high} TO {low}]")
        return Followers(low, high, lexeme.start, lexeme.end)
    if not compared:
        raise _refusal(
            lexeme, f"{text} is not a number of followers", "write followers:>=1000 or followers:[100 TO 1000]"
        )
    return _followers(compared[1], int(compared[2]), lexeme)


def _followers(sign: str, number: int, lexeme: Lexeme) -> Followers:
    bounds: dict[str, tuple[int, int | None]] = {
        ">=": (number, None),
        ">": (number + 1, None),
        "<=": (0, number),
        "<": (0, number - 1),
        "=": (number, number),
    }
    low, high = bounds[sign]
    if high is not None and high < 0:
        raise _refusal(lexeme, "nobody has fewer than 0 followers", "write followers:=0")
    return Followers(low, high, lexeme.start, lexeme.end)


def _read_site(lexeme: Lexeme) -> Site:
    host = strip_scheme(lexeme.text.strip()).rstrip("/").casefold()
    host = re.sub(r":\d+$", "", host)
    if not _host.fullmatch(host):
        raise _refusal(
            lexeme, f"{lexeme.text} is not a host", "write site:example.com, or url: for a part of an address"
        )
    return Site(host, lexeme.start, lexeme.end)


def _read_url(lexeme: Lexeme) -> Url:
    part = strip_scheme(lexeme.text.strip()).casefold()
    if not any(char.isalnum() for char in part):
        raise _refusal(lexeme, "there is nothing of an address here", "write a part of it: url:example.com/prices")
    return Url(part, lexeme.start, lexeme.end)


def _read_is(lexeme: Lexeme) -> Is:
    return Is(_one_of(lexeme, _KINDS), lexeme.start, lexeme.end)


def _read_has(lexeme: Lexeme) -> Has:
    return Has(_one_of(lexeme, _WHATS), lexeme.start, lexeme.end)


def _one_of(lexeme: Lexeme, allowed: tuple[str, ...]) -> str:
    value = lexeme.text.strip().casefold()
    if value not in allowed:
        choices = " or ".join(f"{lexeme.name}:{choice}" for choice in allowed)
        raise _refusal(lexeme, f"{lexeme.name}:{lexeme.text} does not exist", f"write {choices}")
    return value


_READERS: dict[str, Callable[[Lexeme], Field]] = {
    "lang": _read_language,
    "channel": _read_channel,
    "author": _read_author,
    "followers": _read_followers,
    "site": _read_site,
    "url": _read_url,
    "is": _read_is,
    "has": _read_has,
}


def strip_scheme(address: str) -> str:
    """An address without scheme and www."""
    bare = _scheme.sub("", address)
    return bare[4:] if bare[:4].casefold() == "www." else bare


def field_test(node: Field) -> Callable[[Document], bool]:
    """A function that says whether a post has what the field asks for."""
    match node:
        case Language(codes=codes):
            return lambda document: document.language in codes
        case Channel(names=names):
            return lambda document: document.mention.channel.casefold() in names
        case Author(pieces=pieces):
            return lambda document: handle_matches(pieces, document.mention.author.handle.strip().removeprefix("@"))
        case Followers(low=low, high=high):
            return lambda document: _has_followers(document.mention.author.followers, low, high)
        case Site(host=host):
            return lambda document: _is_on(document.mention.url, host)
        case Url(part=part):
            return lambda document: any(part in strip_scheme(address).casefold() for address in document.addresses)
        case Is(kind=kind):
            return lambda document: document.mention.kind == kind or (kind == "question" and _asks(document))
        case Has(what=what):
            return lambda document: bool(document.links) if what == "link" else document.mention.media > 0


def _has_followers(followers: int | None, low: int, high: int | None) -> bool:
    return followers is not None and low <= followers and (high is None or followers <= high)


def _is_on(address: str, host: str) -> bool:
    try:
        found = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    found = found.rstrip(".")  # the root's own dot
    return found == host or found.endswith("." + host)


def _asks(document: Document) -> bool:
    """Whether a question mark stands outside the addresses of the text."""
    text = document.text
    marks = _marks(text.normal.text)
    return marks > sum(_marks(token.text) for token in text.tokens if token.kind is Kind.URL)


def _marks(text: str) -> int:
    """How many question marks, the Arabic one too."""
    return text.count("?") + text.count("\u061f")
