"""The exact answer for one query and one post, and the places that make it: the plain reading of the tree.

The engine gives the same answers faster; this is what they are measured against.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from leitstand.model import Mention
from listeners.query.document import Document, Searched
from listeners.query.fields import field_test
from listeners.query.places import Finder, finder
from listeners.query.tree import And, Exact, Near, Node, Not, Or, Term

Test = Callable[[Document], bool]


def matches(node: Node, mention: Mention, detect: Callable[[str], str] | None = None) -> bool:
    """Whether a post matches. `detect` names the language of a text whose network declares none."""
    return _compiled(node)(Document(mention, detect))


def spans(node: Node, mention: Mention, detect: Callable[[str], str] | None = None) -> list[tuple[str, int, int]]:
    """Where a matching post has the words that were asked for: (field, start, end) in the original title and text,
    in order, without what stands under a NOT. Empty if the post does not match."""
    document = Document(mention, detect)
    if not _compiled(node)(document):
        return []
    found = {span for leaf in _present(node, document) for span in _leaf_spans(leaf, document)}
    return sorted(found, key=lambda span: (span[0] != "title", span[1], span[2]))


def compile_test(node: Node) -> Test:
    """The tree as one function on documents."""
    match node:
        case Term() | Exact() | Near():
            return _place_test(finder(node))
        case And(children=children):
            tests = [compile_test(child) for child in children]
            return lambda document: all(test(document) for test in tests)
        case Or(children=children):
            tests = [compile_test(child) for child in children]
            return lambda document: any(test(document) for test in tests)
        case Not(child=child):
            inner = compile_test(child)
            return lambda document: not inner(document)
        case _:
            return field_test(node)


# A query is mostly asked of many posts in a row.
_compiled = lru_cache(maxsize=64)(compile_test)


def _place_test(find: Finder) -> Test:
    def test(document: Document) -> bool:
        for field in document.searched:  # noqa: SIM110  a generator costs more than the loop
            if find(field):
                return True
        return False

    return test


def _present(node: Node, document: Document, *, negated: bool = False) -> Iterator[Term | Exact | Near]:
    """The leaves that must be there and are, of branches that hold."""
    if isinstance(node, Not):
        yield from _present(node.child, document, negated=not negated)
    elif isinstance(node, And | Or):
        for child in node.children:
            if compile_test(child)(document) is not negated:
                yield from _present(child, document, negated=negated)
    elif isinstance(node, Term | Exact | Near) and not negated:
        yield node


def _leaf_spans(leaf: Term | Exact | Near, document: Document) -> Iterator[tuple[str, int, int]]:
    find = finder(leaf)
    for searched in document.searched:
        for place in find(searched):
            for first, after, inner in place.parts:
                yield searched.name, *_span(searched, first, after, inner)


def _span(searched: Searched, first: int, after: int, inner: bool) -> tuple[int, int]:
    return searched.original(first, after - 1, inner=inner)
