"""How the words that one term matches are spelled: for networks that compare accents, and for those that fold them.

A term without accents matches any accent. That is more than can be asked for; these are German spellings and what is
written in Western Europe, one accent in a word or the same one throughout (résumé).
"""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product

from listeners.query.patterns import is_accented
from listeners.query.text import BASES, shape

MOST = 60

_ACCENTS = {"a": "àáâãåä", "c": "ç", "e": "èéêë", "i": "ìíîï", "n": "ñ", "o": "òóôõöø", "u": "ùúûü"}
_GERMAN = {"ae": "ä", "oe": "ö", "ue": "ü", "ss": "ß"}
_LIGATURES = {"ae": "æ", "oe": "œ"}
_BACK = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def accented(word: str) -> list[str]:
    """All spellings of a term's word, lower case, the plain one first, for a network that compares accents."""
    word = unicodedata.normalize("NFC", word.casefold())
    if is_accented((word,)):
        return _first(_both_ways(word))
    return _first(_plain(word))


def german(word: str) -> list[str]:
    """Only as German spells it: a tenth of the spellings."""
    word = unicodedata.normalize("NFC", word.casefold())
    if is_accented((word,)):
        return _first(_both_ways(word))
    umlauts = (word.replace(letter, umlaut) for letter, umlaut in (("a", "ä"), ("o", "ö"), ("u", "ü")))
    return _first([*_german(word), *umlauts])


def folded(word: str) -> list[str]:
    """The spellings for a network that ignores accents: ü is u there, but ue is not."""
    word = unicodedata.normalize("NFC", word.casefold())
    spelled = _both_ways(word) if is_accented((word,)) else (*_german(word), *_ligatures(word))
    return _first(variant for each in spelled for variant in (each, bare(each)))


def bare(word: str) -> str:
    """Without accents, as networks fold them."""
    return unicodedata.normalize("NFC", "".join(BASES.get(c, c) for c in shape(word) if not unicodedata.combining(c)))


def _plain(word: str) -> Iterator[str]:
    """As written, as German writes it, and with one accent."""
    yield from _german(word)
    for letter, accents in _ACCENTS.items():
        places = [place for place, char in enumerate(word) if char == letter]
        for accent in accents if places else "":
            yield from (word[:place] + accent + word[place + 1 :] for place in places)
            yield word.replace(letter, accent)
    yield from _ligatures(word)


def _ligatures(word: str) -> Iterator[str]:
    return (word.replace(pair, ligature) for pair, ligature in _LIGATURES.items())


def _german(word: str) -> Iterator[str]:
    """ae also as ä, ss also as ß, a also as ä: each place by itself and together, the likely ones."""
    places = [(word[at : at + 2], at) for at in range(len(word) - 1) if word[at : at + 2] in _GERMAN]
    for taken in product((False, True), repeat=min(len(places), 4)):
        out, last = "", 0
        for (pair, at), as_umlaut in zip(places, taken, strict=False):
            if as_umlaut and at >= last:
                out += word[last:at] + _GERMAN[pair]
                last = at + 2
        yield out + word[last:]


def _both_ways(word: str) -> Iterator[str]:
    """An accented term: ä and ae, ö and oe, ü and ue, ß and ss are one."""
    written = _spelled_out(word)
    yield word
    yield from _german(written)


def _spelled_out(word: str) -> str:
    return "".join(_BACK.get(char, char) for char in word)


def _first(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))[:MOST]
