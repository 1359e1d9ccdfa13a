"""What a service says itself when it refuses something: the sentence in its answer, cut short. Pure.

For people who asked just now. Never for a log: it may repeat what was sent.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

import msgspec

MOST = 200
_READ = 64 * 1024
_DEEPEST = 3
# In this order: a sentence before a code.
_KEYS = ("error_description", "message", "detail", "details", "description", "reason", "title", "error", "errors")
_TITLE = re.compile(r"<title\b[^<>]*>([^<>]*)<", re.IGNORECASE)
_MARKUP = re.compile(r"\s*(?:<!doctype|<html|<\?xml)", re.IGNORECASE)


def own_words(body: bytes) -> str:
    """One line of an answer's body, "" where it says nothing to people."""
    body = body[:_READ]
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return next((said for said in map(_line, _sentences(msgspec.json.decode(body), 0)) if said), "")
    text = body.decode("utf-8", "replace")
    if _MARKUP.match(text):
        title = _TITLE.search(text)
        return _line(title[1]) if title else ""
    return "" if _is_binary(text) else _line(text)


def _sentences(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < _DEEPEST:
        for one in value:
            yield from _sentences(one, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key in _KEYS:
            yield from _sentences(value.get(key), depth + 1)


def _is_binary(text: str) -> bool:
    return sum(not (one.isprintable() or one.isspace()) or one == "\ufffd" for one in text) > len(text) // 10


def _line(text: str) -> str:
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
