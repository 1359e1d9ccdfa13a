"""Where in one field of a post a term, a phrase, an exact text or a NEAR stands: spans of word positions."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from listeners.query.characters import without_tones
from listeners.query.document import Searched
from listeners.query.patterns import word_test
from listeners.query.text import key
from listeners.query.tree import Exact, Near, Node, Or, Term, Word
from listeners.query.words import Kind, Token, local_part

# A text of nothing but one word has countless places for a NEAR; the first ones are enough.
MAX_PLACES = 20_000


class Place(NamedTuple):
    """The words `first` up to, not including, `after`.

    `parts` are the terms in it, each (first, after, inner); `inner` says that a leading # or @ is not part of it.
    """

    first: int
    after: int
    parts: tuple[tuple[int, int, bool], ...] = ()


Finder = Callable[[Searched], Sequence[Place]]


def finder(node: Node) -> Finder:
    """A function that finds the places of a Term, an Exact, a Near, or an OR of these."""
    match node:
        case Term(words=words):
            return _term_finder(words)
        case Exact(text=text):
            return _exact_finder(text)
        case Near():
            return _near_finder(node)
        case Or(children=children):
            finders = [finder(child) for child in children]
            return lambda field: [place for find in finders for place in find(field)]
    raise TypeError(type(node).__name__)


def _term_finder(words: tuple[Word, ...]) -> Finder:
    starts = _starts(words[0])
    steps = [_step(word) for word in words]
    glued = [word.glued for word in words]
    inner = words[0].kind is Kind.WORD

    def find(field: Searched) -> list[Place]:
        tokens, found = field.tokens, list[Place]()
        for first in starts(field):
            after = first
            for step, touches in zip(steps, glued, strict=True):
                if after >= len(tokens) or (touches and after > first and tokens[after - 1].end != tokens[after].start):
                    break
                taken = step(tokens, after)
                if not taken:
                    break
                after += taken
            else:
                found.append(Place(first, after, ((first, after, inner),)))
        return found

    return find


def _starts(word: Word) -> Callable[[Searched], Iterable[int]]:
    """A function that says where the first word of a term may stand."""
    if word.kind is Kind.UNSPACED:
        return lambda field: range(len(field.tokens))
    entry = without_tones.sub("", word.literal) if word.kind is Kind.EMOJI else key(word.literal)
    if word.wild:
        return lambda field: _by_prefix(field, entry)
    return lambda field: field.index.get(entry, ())


def _by_prefix(field: Searched, prefix: str) -> list[int]:
    return sorted({at for entry, places in field.index.items() if entry.startswith(prefix) for at in places})


def _step(word: Word) -> Callable[[list[Token], int], int]:
    """A function that says how many words of a post a word of a term takes there, 0 if it does not stand there."""
    if word.kind is Kind.UNSPACED:
        text = word.literal.casefold()
        return lambda tokens, at: _unspaced_at(text, tokens, at)
    test = word_test(word.kind, word.pieces)
    return lambda tokens, at: 1 if test(tokens[at]) else 0


def _unspaced_at(text: str, tokens: list[Token], at: int) -> int:
    """A run of characters, or a part of a tag, in a script without blanks."""
    if tokens[at].kind is Kind.TAG:
        return 1 if text in tokens[at].text.casefold() else 0
    run, taken = "", 0
    while len(run) < len(text) and at + taken < len(tokens):
        token = tokens[at + taken]
        if token.kind is not Kind.UNSPACED or (taken and tokens[at + taken - 1].end != token.start):
            return 0
        run, taken = run + token.text.casefold(), taken + 1
    return taken if run == text else 0


def _exact_finder(text: str) -> Finder:
    search = re.compile(r"\s+".join(re.escape(part) for part in text.split(" "))).finditer

    def find(field: Searched) -> list[Place]:
        places = (_exact_place(field, match.start(), match.end()) for match in search(field.normal.text))
        return [place for place in places if place]

    return find


def _exact_place(field: Searched, start: int, end: int) -> Place | None:
    """The words that exact text covers; None where it begins or ends inside a word, an address or a handle."""
    tokens = field.tokens
    first = bisect_left(tokens, start + 1, key=lambda token: token.end)
    after = bisect_left(tokens, end, key=lambda token: token.start)
    if first >= after or any(token.kind is Kind.URL for token in tokens[first:after]):
        return None
    begun, last = tokens[first], tokens[after - 1]
    sigil = start == begun.start + 1 and begun.kind in (Kind.TAG, Kind.MENTION)
    local = last.kind is Kind.MENTION and end == last.start + 1 + len(local_part(last.text))
    if (start > begun.start and not sigil) or (end < last.end and not local):
        return None
    return Place(first, after, ((first, after, sigil),))


def _near_finder(node: Near) -> Finder:
    left, right, distance = finder(node.left), finder(node.right), node.distance

    def find(field: Searched) -> list[Place]:
        befores = _distinct(left(field))
        behinds = _distinct(right(field)) if befores else []
        pairs = _follow(befores, behinds, distance)
        if not node.ordered:
            pairs += _follow(behinds, befores, distance)
        return _distinct(pairs)

    return find


def _distinct(places: Iterable[Place]) -> list[Place]:
    by_extent = {(place.first, place.after): place for place in places}
    return [by_extent[extent] for extent in sorted(by_extent)[:MAX_PLACES]]


def _follow(befores: list[Place], behinds: list[Place], distance: int) -> list[Place]:
    """Each place with each that begins after its end with at most `distance` words between."""
    found: list[Place] = []
    for before in befores:
        at = bisect_left(behinds, before.after, key=lambda place: place.first)
        while at < len(behinds) and behinds[at].first <= before.after + distance and len(found) < MAX_PLACES:
            behind = behinds[at]
            found.append(Place(before.first, behind.after, before.parts + behind.parts))
            at += 1
    return found
