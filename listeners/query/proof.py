"""A quick and certain yes: most posts that match say so in plain words, and need not be split into words to be sure.

The plain form of a text is its parts between blanks, in lower case, without the punctuation around them. A part that is
nothing but a term's word is that word, whatever stands around it. Where this says nothing, the exact tree decides.
"""

import re
from collections.abc import Callable

from listeners.query.characters import UNSPACED
from listeners.query.coarse import Sieve, sieve
from listeners.query.document import MAX_SEARCHED, Document
from listeners.query.fields import field_test
from listeners.query.text import normalise
from listeners.query.tree import And, Exact, Has, Is, Near, Node, Not, Or, Term, Url, Wildcard, Word
from listeners.query.words import Kind, split

# Asks a post's haystack, its plain forms and itself.
Proof = Callable[[str, str, Document], bool]

_AROUND = ".,;:!?()\"'…„“”‚‘’»«"
_FIELD = " | "


def plain(document: Document) -> str:
    """The plain form of the text and the title."""
    mention = document.mention
    text = _plain(mention.text)
    return f"{text}{_FIELD}{_plain(mention.title)}" if mention.title else text


def _plain(text: str) -> str:
    parts = [part.strip(_AROUND) for part in text[:MAX_SEARCHED].lower().split()]
    return f" {' '.join(filter(None, parts))} "


def proof(node: Node, *, negated: bool = False) -> Proof | None:
    """A function that says yes only if the query surely matches, or, `negated`, surely does not; None where it never
    could."""
    match node:
        case Not(child=child):
            return proof(child, negated=not negated)
        case And(children=children) | Or(children=children):
            parts = [proof(child, negated=negated) for child in children]
            return _all_of(parts) if isinstance(node, And) is not negated else _any_of(parts)
        case Term() | Exact() | Near() if negated:
            return _absent(sieve(node))
        case Term(words=words):
            return _standing(words)
        case Exact() | Near() | Url() | Is(kind="question") | Has(what="link"):
            return None
        case _:
            test = field_test(node)
            return lambda haystack, plain, document: test(document) is not negated


def _all_of(parts: list[Proof | None]) -> Proof | None:
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None

    def sure(haystack: str, plain: str, document: Document) -> bool:
        for part in known:  # noqa: SIM110  a generator costs more than the loop
            if not part(haystack, plain, document):
                return False
        return True

    return sure


def _any_of(parts: list[Proof | None]) -> Proof | None:
    known = [part for part in parts if part]

    def sure(haystack: str, plain: str, document: Document) -> bool:
        for part in known:  # noqa: SIM110
            if part(haystack, plain, document):
                return True
        return False

    return sure if known else None


def _absent(may: Sieve | None) -> Proof | None:
    """What the sieve keeps out is surely not there."""
    return (lambda haystack, plain, document: not may(haystack)) if may else None


def _standing(words: tuple[Word, ...]) -> Proof | None:
    """Words that stand in the plain form as they are, one after the other."""
    literals = [str(word.pieces[0]).casefold() for word in words]
    if not all(map(_is_plain, words, literals)) or any(word.pieces[1:] for word in words[:-1]):
        return None
    run = f" {' '.join(literals)}"
    if not words[-1].wild:
        whole = f"{run} "
        return lambda haystack, plain, document: whole in plain
    search = re.compile(f"{re.escape(run)}[^\\W{UNSPACED}]* ").search
    return lambda haystack, plain, document: run in plain and search(plain) is not None


def _is_plain(word: Word, literal: str) -> bool:
    """Whether this word is what it looks like: no sign, no form that normalisation changes, no wildcard inside."""
    return (
        word.kind is Kind.WORD
        and word.pieces[1:] in ((), (Wildcard.ANY,))
        and literal.lower() == literal == normalise(literal).text
        and [(token.kind, token.text) for token in split(literal)] == [(Kind.WORD, literal)]
    )
