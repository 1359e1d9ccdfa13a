"""A query written evenly: one blank between parts, AND where nothing stood, several lines where one is too short."""

from dataclasses import dataclass

from listeners.query.parser import parse
from listeners.query.tokens import comments
from listeners.query.tree import And, Near, Node, Not, Or

WIDTH = 100
_INDENT = "    "


@dataclass(slots=True)
class _Writer:
    """The query, and its comments that have not been written yet; each goes before the part that it stood before."""

    query: str
    comments: list[tuple[int, str]]

    def leaf(self, node: Node) -> str:
        """A leaf as it is written there; the name of a field in lower case."""
        text = self.query[node.start : node.end]
        name, colon, value = text.partition(":")
        if colon and type(node).__name__ not in ("Term", "Exact"):
            text = f"{name.lower()}:{value}"
        return self.told(node.start) + text

    def told(self, before: int) -> str:
        """The comments up to this place."""
        found = ""
        while self.comments and self.comments[0][0] <= before:
            found += self.comments.pop(0)[1] + " "
        return found


def formatted(query: str) -> str:
    """The same query in our hand. Raises QueryError."""
    node = parse(query)
    writer = _Writer(query, comments(query))
    written = _line(node, writer)
    if len(written) > WIDTH:
        writer.comments = comments(query)
        written = _lines(node, writer, "")
    return f"{written} {writer.told(len(query))}".rstrip()


def _line(node: Node, writer: _Writer) -> str:
    match node:
        case And(children=children) | Or(children=children):
            word = " AND " if isinstance(node, And) else " OR "
            return word.join(_part(child, writer) for child in children)
        case Not(child=child):
            return writer.told(node.start) + f"NOT {_part(child, writer)}"
        case Near():
            word = f"{'O' if node.ordered else ''}NEAR/{node.distance}"
            return f"{_part(node.left, writer)} {word} {_part(node.right, writer)}"
    return writer.leaf(node)


def _part(node: Node, writer: _Writer) -> str:
    """An operand, in parentheses if it has operands itself."""
    written = _line(node, writer)
    return f"({written})" if isinstance(node, And | Or | Near) else written


def _lines(node: Node, writer: _Writer, indent: str) -> str:
    """An AND or OR over several lines, the operator first."""
    if not isinstance(node, And | Or):
        return _line(node, writer)
    word = "AND" if isinstance(node, And) else "OR"
    parts = [_broken(child, writer, indent) for child in node.children]
    return f"\n{indent}{word} ".join(parts)


def _broken(node: Node, writer: _Writer, indent: str) -> str:
    """An operand on a line, or, if it is too long for one, over several."""
    kept = list(writer.comments)
    written = _part(node, writer)
    inner = node.child if isinstance(node, Not) else node
    if len(indent) + len(written) <= WIDTH or not isinstance(inner, And | Or):
        return written
    writer.comments = kept
    told = writer.told(node.start) + "NOT " if isinstance(node, Not) else ""
    deeper = indent + _INDENT
    return f"{told}(\n{deeper}{_lines(inner, writer, deeper)}\n{indent})"
