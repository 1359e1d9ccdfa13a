"""What a whole query says but perhaps does not mean: a wildcard too wide, a part that never matches or adds nothing."""

from collections.abc import Iterator
from itertools import combinations, permutations

from listeners.query.implies import exclude, implies, same
from listeners.query.languages import CODES, MISTAKEN
from listeners.query.lint import LintWarning
from listeners.query.tree import And, Author, Language, Near, Node, Not, Or, Term, Wildcard

# Fewer letters beside a * take in half a dictionary.
WIDE = 4


def doubts(node: Node) -> Iterator[LintWarning]:
    """The doubtful places of a tree."""
    match node:
        case And(children=children):
            yield from _impossible(node)
            yield from (doubt for child in children for doubt in doubts(child))
        case Or(children=children):
            yield from _idle(node)
            yield from (doubt for child in children for doubt in doubts(child))
        case Not(child=child):
            yield from doubts(child)
        case Near(left=left, right=right):
            yield from (doubt for child in (left, right) for doubt in doubts(child))
        case Term(words=words) if any(_is_wide(word.pieces) for word in words):
            yield _wide(node)
        case Author(pieces=pieces) if _is_wide(pieces):
            yield _wide(node)
        case Language(codes=codes):
            yield from (_unknown(node, code) for code in codes if len(code) == 2 and code not in CODES)


def _wide(node: Node) -> LintWarning:
    message = f"a wildcard beside fewer than {WIDE} letters matches very many words"
    return LintWarning(node.start, node.end, message, "write more of the word, or the words themselves with OR")


def _is_wide(pieces: tuple[str | Wildcard, ...]) -> bool:
    letters = sum(char.isalnum() for piece in pieces if isinstance(piece, str) for char in piece)
    return Wildcard.ANY in pieces and letters < WIDE


def _unknown(node: Node, code: str) -> LintWarning:
    hint = f"write lang:{MISTAKEN[code]}" if code in MISTAKEN else "write an ISO 639-1 code, such as de or en"
    return LintWarning(node.start, node.end, f"{code} is no language, so this can never match", hint)


def _impossible(node: And) -> Iterator[LintWarning]:
    """Two parts that no post can have together."""
    parts = list(_together(node))
    for one, other in combinations(parts, 2):
        if exclude(one, other):
            message = "no post can have this together with the part before, so the query never matches"
            first, second = sorted((one, other), key=lambda part: part.start)
            if not _within(second, first):
                yield LintWarning(second.start, second.end, message, "remove one of them, or join them with OR")
            return


def _together(node: Node) -> Iterator[Node]:
    """The parts of nested ANDs."""
    if isinstance(node, And):
        for child in node.children:
            yield from _together(child)
    else:
        yield node


def _within(inner: Node, outer: Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and inner is not outer


def _idle(node: Or) -> Iterator[LintWarning]:
    """Branches whose posts another branch finds as well."""
    told: set[int] = set()
    for one, other in permutations(node.children, 2):
        twice = same(one, other)
        if id(one) in told or (twice and one.start < other.start) or not implies(one, other):
            continue
        told.add(id(one))
        message = "this stands there twice" if twice else "another branch of the OR finds all of this as well"
        yield LintWarning(one.start, one.end, message, "remove it")
