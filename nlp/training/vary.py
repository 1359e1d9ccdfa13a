"""Posts varied at random, so that the student meets more words and turns than there are posts.

A word gives way to one that the encoder thinks near, to a word of the polarity lists or to any common one; negations
and intensifiers are put in; sentences are cut out and joined with those of another post. The teacher judges the result.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.training.gather import LANGUAGES, Example

SHIFTERS = {
    "de": ["nicht", "nie", "kein", "keine", "gar nicht", "sehr", "echt", "leider", "so", "zu", "endlich", "wieder"],
    "en": ["not", "never", "don't", "isn't", "very", "really", "so", "too", "finally", "again", "no"],
}
_OFTEN = {"corpus": 3, "triage_labels": 2, "potts": 2, "vader_tweets": 2, "germeval2018": 2}
_CUT = re.compile(r"(?<=[.!?:;,\n])\s+")
_EDGES = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Stock:
    """What is varied, and what with: by language, posts, their words, list words, common words and near words."""

    posts: Mapping[str, Sequence[Example]]
    words: Mapping[str, Sequence[str]]
    listed: Mapping[str, Sequence[str]]
    common: Mapping[str, Sequence[str]]
    near: Mapping[str, Mapping[str, Sequence[str]]]


def stock(
    examples: Sequence[Example], common: Mapping[str, Sequence[str]], near: Mapping[str, Mapping[str, Sequence[str]]]
) -> Stock:
    posts: dict[str, list[Example]] = {language: [] for language in LANGUAGES}
    listed: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for example in examples:
        if example.origin == "lexicon":
            listed[example.language].append(example.text)
        else:
            posts[example.language] += [example] * _OFTEN.get(example.origin, 1)
    words = {language: [word for post in own for word in post.text.split()] for language, own in posts.items()}
    return Stock(posts, words, listed, common, near)


def vary(have: Stock, count: int, seed: int) -> list[tuple[str, str]]:
    """Varied texts with their languages; the same seed gives the same."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret about it
    found: list[tuple[str, str]] = []
    while len(found) < count:
        language = "de" if dice.random() < 0.55 else "en"
        text = _joined(have, language, dice)
        if dice.random() < 0.06:
            text = text.lower()
        if dice.random() < 0.05 and not text.startswith("@"):
            text = f"@user {text}"
        if text.strip():
            found.append((text[:_LONGEST], language))
    return found


def _joined(have: Stock, language: str, dice: random.Random) -> str:
    text = _worded(have, dice.choice(have.posts[language]), dice)
    choice = dice.random()
    if choice < 0.25:
        parts = _CUT.split(text)
        first = dice.randrange(len(parts))
        return " ".join(parts[first : first + 1 + dice.randrange(2)])
    if choice < 0.5:
        other = _CUT.split(_worded(have, dice.choice(have.posts[language]), dice))
        return " ".join([*_CUT.split(text)[: 1 + dice.randrange(2)], dice.choice(other)])
    if choice < 0.53:
        return " ".join(dice.choice(have.listed[language]) for _ in range(1 + dice.randrange(2)))
    return text


def _worded(have: Stock, post: Example, dice: random.Random) -> str:
    share, own = dice.choice((0, 0.05, 0.1, 0.2, 0.35)), post.language
    words: list[str] = []
    for word in post.text.split(" "):
        roll = dice.random()
        if roll < share * 0.3:
            words.append(dice.choice(have.listed[own] if dice.random() < 0.6 else have.words[own]))
        elif roll < share * 0.4:
            continue
        elif roll < share * 0.55:
            words += [dice.choice(SHIFTERS[own]), word]
        elif roll < share * 0.7:
            words.append(dice.choice(have.words[own] if dice.random() < 0.4 else have.common[own]))
        else:
            words.append(_near(have, own, word, dice) if roll < share * 1.6 else word)
    return " ".join(words)


def _near(have: Stock, language: str, word: str, dice: random.Random) -> str:
    match = _EDGES.match(word)
    choices = have.near[language].get(match[2].lower()) if match else None
    if match is None or not choices:
        return word
    other = dice.choice(choices)
    return f"{match[1]}{other.capitalize() if match[2][:1].isupper() else other}{match[3]}"
