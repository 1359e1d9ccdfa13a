"""What counts as one word of a text: words, tags, mentions, cashtags, emoji, URLs, mail addresses.

In scripts written without blanks each character is a word of its own, so that terms match as substrings.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from listeners.query import characters
from listeners.query.characters import ANY, MARKS, ONE, UNSPACED


class Kind(StrEnum):
    """What sort of word a word is."""

    WORD = "word"
    UNSPACED = "unspaced"
    TAG = "tag"
    MENTION = "mention"
    CASH = "cash"
    EMOJI = "emoji"
    MAIL = "mail"
    URL = "url"


class Token(NamedTuple):
    """One word at `start`:`end` of the normalised text. `text` is without the # @ $ in front of it."""

    kind: Kind
    text: str
    start: int
    end: int


_DOMAINS = "com|org|net|de|at|ch|eu|uk|io|co|app|dev|info|me|tv|ly|gl|be|fr|it|es|nl|pl|us|ai|gg|to|cc|social|example"
_IN_URL = r"[^\s<>\"«»„“”]"
_URL_END = r"[^\s<>\"«»„“”'’.,;:!?()\[\]{}…]"
_URL = (
    rf"(?:(?i:https?|ftp)://|(?<![\w@.-])(?i:www)\.){_IN_URL}*{_URL_END}"
    rf"|(?<![\w@.-])(?ai:[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{0,5}}\.(?:{_DOMAINS}))/(?:{_IN_URL}*{_URL_END})?"
)
_ENDS = f"(?![^\\W{UNSPACED}])"
_SERVER = r"@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){1,8}" + _ENDS
_MAIL = r"(?<![\w.+%-])[\w.+%-]{1,64}" + _SERVER


def _pattern(wild: str) -> re.Pattern[str]:
    """The splitting expression; `wild` are further characters that words consist of."""
    marks = f"[{MARKS}{wild}]"
    word = f"(?:[^\\W{UNSPACED}]++|{marks}++)++"
    anything = f"(?:\\w++|{marks}++)++"
    handle = f"(?:[^\\W{UNSPACED}]|[_{wild}])++"
    # A handle goes on after a dot only if it then looks like a domain, else the dot ends the sentence.
    dotted = r"(?:\.[a-z0-9-]{1,63}){0,5}\.[a-z]{2,63}|(?i:\.bsky\.social)"
    mention = (
        f"(?<![\\w@])@(?:{handle}(?:[.-]{handle}){{0,8}}{_SERVER}"
        f"|{handle}(?:-{handle}){{0,8}}(?:{dotted}){_ENDS}|{handle})"
    )
    # Most words need none of the dearer questions: nothing stands behind them that an address could go on with.
    plain = f"[0-9A-Za-z_\xc0-\xd6\xd8-\xf6\xf8-\xff]++(?![\\w.@/:+%{MARKS}{wild}-])"
    return re.compile(
        f"[\\s,;!?()\"'’:]{{0,8}}+(?:(?P<plain>{plain})|(?P<url>{_URL})|(?P<mail>{_MAIL})|(?P<mention>{mention})"
        f"|(?P<emoji>{characters.EMOJI})|(?P<tag>(?<!\\w)#{anything}(?:#{anything})*)"
        f"|(?P<cash>(?<![\\w$])\\$[^\\W\\d_](?:{word})?)"
        f"|(?P<unspaced>[{UNSPACED}][{MARKS}]*)|(?P<word>{word}))"
    )


_KINDS = {"plain": Kind.WORD, **{kind.value: kind for kind in Kind}}
_in_posts = _pattern("")
_in_queries = _pattern(ANY + ONE)


def split(text: str, *, query: bool = False) -> list[Token]:
    """The words of a normalised text, in order. In a query, ANY and ONE are letters."""
    found: list[Token] = []
    for match in (_in_queries if query else _in_posts).finditer(text):
        group = match.lastgroup or ""
        start, end = match.span(group)
        if group == "tag":
            found += _tags(match[group], start)
        else:
            inner = 1 if group in ("mention", "cash") else 0
            found.append(Token(_KINDS[group], text[start + inner : end], start, end))
    return found


def _tags(run: str, start: int) -> list[Token]:
    """#one#two is two tags."""
    return [Token(Kind.TAG, m.group()[1:], start + m.start(), start + m.end()) for m in re.finditer("#[^#]+", run)]


def local_part(handle: str) -> str:
    """The handle before `@server` or before `.bsky.social`."""
    local = handle.partition("@")[0]
    return local[: -len(".bsky.social")] if local.casefold().endswith(".bsky.social") else local
