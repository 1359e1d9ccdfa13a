"""Makes a stranger's text safe to pass on: it can ping nobody, hide nothing, and is never cut within a letter.

What a single target's markup needs beyond this (Slack's escapes, a mail header's rules) is in that target's file.
"""

import re
import unicodedata
from collections.abc import Callable

ELLIPSIS = "…"
# An invisible space after the sign that would make a mention of it.
_DEFUSED = "\u200b"
_BROADCAST = re.compile(r"@(?=(?:everyone|channel|here|all|room|team|group|online)\b)", re.IGNORECASE)
_ANGLED = re.compile(r"<(?=[!@#])")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\u0085\u000b\u000c]")
# Overrides of the writing direction let a text show other than it is.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff")


def neutralise(text: str) -> str:
    """The text without control characters and with every mention of a group or in angle brackets broken."""
    return _ANGLED.sub("<" + _DEFUSED, _BROADCAST.sub("@" + _DEFUSED, visible(text)))


def visible(text: str) -> str:
    """The text with nothing in it that hides, or shows other than it is."""
    lines = _LINE_ENDS.sub("\n", text)
    return "".join(
        c for c in lines if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in _DIRECTIONS)
    )


def not_encoded(text: str) -> str:
    """The text with nothing in it that a mail's header would take for a word in another encoding (RFC 2047)."""
    return text.replace("=?", f"={_DEFUSED}?")


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut between two graphemes and then marked with an ellipsis."""
    if len(text) <= limit:
        return text
    end = max(0, limit - len(ELLIPSIS))
    while end > 0 and _joined(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def fit(text: str, limit: int, weight: Callable[[str], int]) -> str:
    """As much of the text as weighs no more than `limit`: where others count letters in another way than we do."""
    short = cut(text, limit)
    while weight(short) > limit:
        short = cut(text, len(short) * limit // weight(short) - 1)
    return short


def _joined(text: str, at: int) -> bool:
    """Whether text[at - 1] and text[at] are one grapheme; rather too often than too seldom (UAX 29, simplified)."""
    before, after = text[at - 1], text[at]
    if _extends(after) or before == "\u200d" or (before == "\r" and after == "\n"):
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, at) % 2 == 1
    if _is_hangul_lead(before) and (_is_hangul_lead(after) or "\uac00" <= after <= "\ud7a3"):
        return True
    return unicodedata.combining(before) == 9 and unicodedata.category(after) == "Lo"


def _extends(c: str) -> bool:
    return (
        unicodedata.category(c) in ("Mn", "Me", "Mc")
        or c in "\u200c\u200d"
        or "\U0001f3fb" <= c <= "\U0001f3ff"
        or "\U000e0020" <= c <= "\U000e007f"
        or "\u1160" <= c <= "\u11ff"
        or "\ud7b0" <= c <= "\ud7fb"
    )


def _is_hangul_lead(c: str) -> bool:
    return "\u1100" <= c <= "\u115f" or "\ua960" <= c <= "\ua97c"


def _is_flag_half(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    start = at
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return at - start
