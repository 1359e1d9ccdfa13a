"""Which language a post is in: our small-word lists first, py3langid where they do not settle it.

py3langid is limited to the languages below, so that French or Dutch is recognised as such and not called English. The
network's declared language weighs like one small word; it never overrules the text. Under a confidence of a sixth, and
for texts without a word, the answer is "unknown". Only the first 400 characters are read.
"""

import math
import re
from collections.abc import Container, Iterable, Mapping
from functools import cache
from pathlib import Path

from py3langid.langid import LanguageIdentifier

from nlp.folding import unstyled
from nlp.letters import kept, read

UNKNOWN = "unknown"

# How likely each is before a word is read, as a logarithm: the languages a German or English desk meets come first.
LANGUAGES = {"de": 0.4, "en": 0.4, "fr": 0.0, "es": 0.0, "nl": 0.0, "it": -0.4, "pt": -0.6} | dict.fromkeys(
    ("pl", "tr", "sv", "da", "ru", "uk", "ar"), -1.0
)

_MINIMUM_CONFIDENCE = 0.17
_SMALL_WORD = 1.0
_DECLARED = 0.8
_READ = 400
_FUNCTION_WORDS = Path(__file__).parent / "lexicons" / "function_words.tsv"
_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|@\w[\w.]*|\b(?:RT|via|http)\b|:[a-z0-9_+-]+:")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LATIN = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_CYRILLIC, _ARABIC = re.compile(r"[\u0400-\u052f]"), re.compile(r"[\u0600-\u06ff]")
_NOT_ARABIC = re.compile("[\u067e\u0686\u0698\u06af\u0679\u0688\u0691\u06ba\u06c1\u06be\u06d2\u06a9\u06cc]")
_STRETCHED = re.compile(r"(\w)\1{2,}")
_letters: list[LanguageIdentifier] = []  # one, once it was asked for


def detect(text: str, declared: str = "") -> tuple[str, float]:
    """The language of a text as an ISO 639-1 code or "unknown", and the confidence in it (0–1)."""
    plain = _plain(text)
    words = _WORD.findall(plain)
    if not words:
        return UNKNOWN, 0.0
    votes = _votes(words)
    if settled := _settled(votes):
        return settled, 0.99
    if (short := _STRETCHED.sub(r"\1", plain)) != plain:
        words = _WORD.findall(short)
        votes = _votes(words)
    return _decide(" ".join(words), votes, declared.partition("-")[0].lower())


def is_latin(text: str) -> bool:
    """Most letters are Latin ones, or there are none: what is in other letters is neither German nor English."""
    return _mostly(_LATIN, _plain(text))


def _mostly(letters: re.Pattern[str], text: str) -> bool:
    """At least half of all letters are these."""
    return len(letters.findall(text)) * 2 >= sum(map(str.isalpha, text))


def _others(text: str) -> Container[str]:
    """The languages of other letters than Latin ones that a text can be in: Persian has some that Arabic has not."""
    if _mostly(_CYRILLIC, text):
        return ("ru", "uk")
    return ("ar",) if _mostly(_ARABIC, text) and _NOT_ARABIC.search(text) is None else ()


def _settled(votes: Mapping[str, int]) -> str:
    """The language for which the small words speak so plainly that the slow look at its letters would add nothing."""
    if not votes:
        return ""
    leader = max(votes, key=votes.__getitem__)
    second = max([count for language, count in votes.items() if language != leader], default=0)
    least = max(3, second * 4) if second or leader not in ("de", "en") else 2
    return leader if votes[leader] >= least else ""


def _plain(text: str) -> str:
    """The text in lower case without what is no language: links, handles, and the marks of a repost."""
    start = unstyled(text[:_READ]).replace("’", "'")
    if "@" in start or "http" in start or "www." in start or "RT" in start or "via" in start or ":" in start:
        start = _NOT_WORDS.sub(" ", start)
    return start.lower()


def _votes(words: Iterable[str]) -> dict[str, int]:
    table, votes = small_words(), dict[str, int]()
    for word in _claimed().intersection(words):
        votes[table[word]] = votes.get(table[word], 0) + 1
    return votes


def _decide(text: str, votes: Mapping[str, int], declared: str) -> tuple[str, float]:
    latin = text.isascii() or _mostly(_LATIN, text)
    others = () if latin else _others(text)
    # Romanised Hindi, Tagalog and Indonesian are known by their small words alone.
    ranked = [*letters().rank(text), *((language, 0.02) for language in votes if language not in LANGUAGES)]
    scores = {
        language: math.log(probability + 1e-9)
        + LANGUAGES.get(language, -1.0)
        + _SMALL_WORD * votes.get(language, 0)
        + _DECLARED * (language == declared)
        for language, probability in ranked
        if latin or language in others
    }
    if not scores:
        return UNKNOWN, 0.0
    best = max(scores, key=scores.__getitem__)
    confidence = 1.0 / sum(math.exp(score - scores[best]) for score in scores.values())
    return (best if confidence >= _MINIMUM_CONFIDENCE else UNKNOWN), confidence


def letters() -> LanguageIdentifier:
    """What the letters of a text say of its language, among ours. Reading it takes half a second, once."""
    if not _letters:
        _letters.append(read(LANGUAGES))
    return _letters[0]


def keep_letters(folder: Path) -> None:
    """Have `letters` at hand from now on: from `folder`, which processes share, and where they are kept if need be.

    Raises OSError where that cannot be; then they are read when they are first asked for.
    """
    _letters[:] = [kept(LANGUAGES, folder)]


@cache
def small_words() -> dict[str, str]:
    """Word → the one language that claims it."""
    owners: dict[str, set[str]] = {}
    for line in _FUNCTION_WORDS.read_text(encoding="utf-8").splitlines():
        language, _, words = line.partition("\t")
        for word in words.split():
            owners.setdefault(word, set()).add(language)
    return {word: next(iter(languages)) for word, languages in owners.items() if len(languages) == 1}


@cache
def _claimed() -> frozenset[str]:
    return frozenset(small_words())
