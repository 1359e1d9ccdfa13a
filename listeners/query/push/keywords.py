"""Terms as the keywords and quoted phrases of a network's search, which cuts texts into words as we do, or finer.

`Spell` gives all spellings of one word. Nothing is asked for wildcards, scripts without blanks, and emoji that a
network might cut apart.
"""

import re
from collections.abc import Callable
from itertools import product
from math import prod

from listeners.query.characters import MARKS
from listeners.query.push.widen import EVERYTHING, Atom, Pushed, all_of, any_of
from listeners.query.text import normalise
from listeners.query.tree import Exact, Term, Word
from listeners.query.words import Kind, split

Spell = Callable[[str], list[str]]

MOST_PHRASES = 24

# They take a skin tone; a plain one matches them all.
_PEOPLE = (
    "☝⛹✊-✍🎅🏂-🏄🏇🏊-🏌👂👃👆-👐👦-👸👼💁-💃💅-💇💏💑💪🕴🕵🕺🖐🖕🖖🙅-🙇🙋-🙏🚣🚴-🚶🛀🛌🤌🤏🤘-🤟🤦🤰-🤹🤼-🤾🥷🦵🦶🦸🦹🦻🧍-🧏"
    "🧑-🧝🫃-🫅🫰-🫸"
)
_TONES = "🏻🏼🏽🏾🏿"
_person = re.compile(f"[{_PEOPLE}]")
_bare = re.compile(f"(?:[^\\W_]|[{MARKS}])+")


def of_exact(exact: Exact) -> Pushed:
    """`{…}`: its words, as they are spelled."""
    tokens = split(exact.text)
    if any(token.kind in (Kind.UNSPACED, Kind.EMOJI) for token in tokens):
        return EVERYTHING
    return Atom(quoted(" ".join(_finer(token.text) for token in tokens)))


def of_term(term: Term, spell: Spell) -> Pushed:
    """A word or a phrase."""
    if len(term.words) == 1:
        return of_word(term.words[0], spell)
    spelled = [_spelled(word, spell) for word in term.words]
    known = [words for words in spelled if words]
    if len(known) < len(spelled) or prod(map(len, known)) > MOST_PHRASES:
        return all_of(of_word(word, spell) for word in term.words)
    return any_of(Atom(quoted(" ".join(words))) for words in product(*known))


def of_word(word: Word, spell: Spell) -> Pushed:
    """One word of a term, by itself."""
    if word.kind is Kind.EMOJI:
        return of_emoji(word.literal)
    spelled = _spelled(word, spell)
    return any_of(Atom(quoted(one)) for one in spelled) if spelled else EVERYTHING


def of_emoji(emoji: str) -> Pushed:
    """An emoji of one character, in all its skin tones and with the sign that makes it a picture."""
    if len(emoji) == 2 and emoji[1] in _TONES:
        return Atom(emoji)
    if len(emoji) > 1:
        return EVERYTHING
    tones = [emoji + tone for tone in _TONES] if _person.fullmatch(emoji) else []
    return any_of(Atom(one) for one in (emoji, emoji + "\ufe0f", *tones))


def _spelled(word: Word, spell: Spell) -> list[str]:
    """How a word may stand there; nothing where that cannot be listed."""
    if word.wild or word.kind in (Kind.UNSPACED, Kind.EMOJI):
        return []
    if word.kind in (Kind.MENTION, Kind.MAIL, Kind.CASH):
        return [_finer(word.literal.casefold())]
    return list(dict.fromkeys(_finer(one) for one in spell(word.literal)))


def _finer(word: str) -> str:
    """A word in the parts that a network may cut it into: snake_case, an address at its dots."""
    return " ".join(re.findall(_bare, normalise(word).text)) or word


def quoted(text: str) -> str:
    """A keyword as it is; in quotes whatever is more than letters and digits, or could be an operator."""
    return text if _bare.fullmatch(text) and text.lower() not in ("and", "or", "not") else f'"{text}"'
