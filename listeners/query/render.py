"""A refused query shown to a person: the line, a caret under the place, what is wrong, how to write it."""

import unicodedata

from leitstand.errors import QueryError

_WIDTH = 100


def render_error(query: str, error: QueryError) -> str:
    """Query line, caret line, message and suggestion. A long line is cut around the place."""
    start = min(error.start, len(query))
    end = max(start + 1, min(error.end, len(query)))
    line_start = query.rfind("\n", 0, start) + 1
    line_end = query.find("\n", start)
    line_end = len(query) if line_end < 0 else line_end
    cut = max(line_start, min(start - _WIDTH // 2, line_end - _WIDTH))
    shown_end = min(line_end, cut + _WIDTH)
    shown = _printable(query[cut:shown_end])
    carets = "^" * max(1, _columns(_printable(query[start : min(end, shown_end)])))
    lines = [shown, " " * _columns(_printable(query[cut:start])) + carets, error.reason]
    return "\n".join([*lines, error.suggestion] if error.suggestion else lines)


def _printable(text: str) -> str:
    """Without what would move the cursor."""
    return "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text)


def _columns(text: str) -> int:
    """How wide a terminal shows a text."""
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
