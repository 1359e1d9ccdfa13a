"""Says the stages' English sentences (timelines, reasons) in another language.

The stages write one sentence into the case, for ever. Each kind of sentence is listed here as a pattern with its
message; what a pattern captures is translated if it is a known word and kept as it is if it is not. A sentence that no
pattern knows stays English.
"""

import re
from collections.abc import Callable

from console.web.words import KINDS, LABELS, N_, SPOKEN

_WORDS = frozenset({*LABELS.values(), *KINDS.values(), *SPOKEN.values()})
PATTERNS: list[tuple[re.Pattern[str], str]] = []


def translate(sentence: str, gettext: Callable[[str], str]) -> str:
    """The sentence in the language of `gettext`."""
    for pattern, message in PATTERNS:
        found = pattern.fullmatch(sentence)
        if found:
            said = gettext(message)
            if said == message:
                return sentence
            return said % {name: _inner(value or "", gettext) for name, value in found.groupdict().items()}
    return sentence


def _inner(words: str, gettext: Callable[[str], str]) -> str:
    return gettext(words) if words in _WORDS else translate(words, gettext)


def _pattern(regex: str, message: str) -> None:
    PATTERNS.append((re.compile(regex, re.DOTALL), message))


_pattern(r"urgency (?P<level>\w+)", N_("urgency %(level)s"))
