"""Refuses queries that would take in a whole network: some part that must be there has to be a word or an address."""

from leitstand.errors import QueryError
from listeners.query.tree import And, Author, Exact, Near, Node, Not, Or, Site, Term, Url

_HINT = "say what must be there: a word, phrase, tag, mention, emoji, author:, site: or url:"


def check_selective(node: Node) -> None:
    """Raises QueryError at the part of the query that is not selective."""
    for branch in _branches(node):
        if not is_positive(branch):
            raise QueryError("this branch of the OR only excludes", branch.start, branch.end, f"write AND NOT; {_HINT}")
    if not is_selective(node):
        _refuse(node)


def _branches(node: Node) -> list[Node]:
    """All branches of ORs that stand under no NOT."""
    if isinstance(node, And | Or):
        own = list(node.children) if isinstance(node, Or) else []
        return own + [branch for child in node.children for branch in _branches(child)]
    return []


def _refuse(node: Node) -> None:
    if isinstance(node, Or):
        node = next(child for child in node.children if not is_selective(child))
        raise QueryError("this branch of the OR selects nothing by itself", node.start, node.end, _HINT)
    if isinstance(node, And):
        for child in node.children:
            if isinstance(child, Or):
                _refuse(child)
    raise QueryError("nothing here selects posts", node.start, node.end, _HINT)


def is_selective(node: Node, *, negated: bool = False) -> bool:
    """Whether every post that matches has one of the selective parts. NOT turns AND into OR and back."""
    if isinstance(node, Not):
        return is_selective(node.child, negated=not negated)
    if isinstance(node, And | Or):
        one_is_enough = isinstance(node, And) is not negated
        parts = (is_selective(child, negated=negated) for child in node.children)
        return any(parts) if one_is_enough else all(parts)
    return not negated and isinstance(node, Term | Exact | Near | Author | Site | Url)


def is_positive(node: Node, *, negated: bool = False) -> bool:
    """Whether something must be there at all, be it a filter only."""
    if isinstance(node, Not):
        return is_positive(node.child, negated=not negated)
    if isinstance(node, And | Or):
        return any(is_positive(child, negated=negated) for child in node.children)
    return not negated
