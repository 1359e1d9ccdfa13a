"""From query text to tree, by recursive descent. A level is what stands between two parentheses: operands joined by one
operator only, since people disagree on which of AND and OR binds closer."""

import re
from dataclasses import dataclass, field
from typing import Literal

from leitstand.errors import QueryError
from listeners.query import lint as linting
from listeners.query.doubts import doubts
from listeners.query.fields import read_field
from listeners.query.lint import LintWarning
from listeners.query.selective import check_selective
from listeners.query.terms import read_exact, read_term
from listeners.query.tokens import Lexeme, LexemeKind, lex
from listeners.query.tree import And, Exact, Near, Node, Not, Or, Term

MAX_LENGTH = 20_000
MAX_NODES = 2_000
MAX_DEPTH = 100
MAX_DISTANCE = 100

_near = re.compile(r"(O?)NEAR/(\d{1,9})(f?)")


def parse(query: str) -> Node:
    """The tree of a query. Raises QueryError with the place, what is wrong and how to write it."""
    return _parse(query)[0]


def lint(query: str) -> list[LintWarning]:
    """What is allowed in a query but perhaps not meant, in the order it stands there. Raises QueryError as `parse`."""
    node, found = _parse(query)
    return sorted([*found, *doubts(node)], key=lambda warning: (warning.start, warning.end))


def _parse(query: str) -> tuple[Node, list[LintWarning]]:
    if len(query) > MAX_LENGTH:
        raise QueryError(
            f"longer than {MAX_LENGTH:,} characters", MAX_LENGTH, len(query), "split it into several watchlists"
        )
    parser = _Parser(query, lex(query))
    node = parser.whole()
    check_selective(node)
    return node, parser.warnings


@dataclass(frozen=True, slots=True)
class _Operand:
    """A node with the place it takes, its parentheses included."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Join:
    """What stands between two operands; "AND" also where nothing does."""

    kind: Literal["AND", "OR", "NEAR"]
    lexeme: Lexeme


_NAMES: dict[LexemeKind, Literal["AND", "OR", "NEAR"]] = {
    LexemeKind.AND: "AND",
    LexemeKind.OR: "OR",
    LexemeKind.NEAR: "NEAR",
}


@dataclass(slots=True)
class _Parser:
    query: str
    lexemes: list[Lexeme]
    position: int = 0
    nodes: int = 0
    warnings: list[LintWarning] = field(default_factory=list)

    def whole(self) -> Node:
        """The whole query."""
        if not self.lexemes:
            raise QueryError("the query is empty", 0, len(self.query), "write at least one word")
        node = self._level(1)
        left = self._peek()
        if left is not None:
            raise QueryError("this parenthesis closes nothing", left.start, left.end, "remove it")
        return node

    def _peek(self) -> Lexeme | None:
        return self.lexemes[self.position] if self.position < len(self.lexemes) else None

    def _take(self) -> Lexeme:
        self.position += 1
        return self.lexemes[self.position - 1]

    def _level(self, depth: int) -> Node:
        operands, joins = [self._operand(depth)], list[_Join]()
        while (ahead := self._peek()) is not None and ahead.kind is not LexemeKind.CLOSE:
            joins.append(self._join(operands[-1], ahead))
            operands.append(self._operand(depth))
        return _join_all(self.query, operands, joins)

    def _join(self, before: _Operand, ahead: Lexeme) -> _Join:
        if ahead.kind in _NAMES:
            return _Join(_NAMES[ahead.kind], self._take())
        if ahead.kind is not LexemeKind.NOT:
            self.warnings.append(linting.juxtaposition(before.end, ahead.start))
        return _Join("AND", ahead)

    def _operand(self, depth: int) -> _Operand:
        ahead = self._peek()
        if depth > MAX_DEPTH:
            at = ahead.start if ahead else len(self.query)
            raise QueryError(f"more than {MAX_DEPTH} levels deep", at, at + 1, "use fewer parentheses")
        if ahead is None or ahead.kind is LexemeKind.CLOSE or ahead.kind in _NAMES:
            raise self._missing(ahead)
        if ahead.kind is LexemeKind.NOT:
            return self._negated(depth)
        self._count(ahead)
        return self._group(depth) if ahead.kind is LexemeKind.OPEN else self._leaf()

    def _missing(self, ahead: Lexeme | None) -> QueryError:
        """An operand was due, and this stands there instead."""
        before = self.lexemes[self.position - 1] if self.position else None
        if (
            before is not None
            and before.kind is LexemeKind.OPEN
            and ahead is not None
            and ahead.kind is LexemeKind.CLOSE
        ):
            return QueryError("this group is empty", before.start, ahead.end, "write words into it, or remove it")
        if before is not None and (before.kind in _NAMES or before.kind is LexemeKind.NOT):
            hint = f'write what comes after {before.text}, or "{before.text}" in quotes to search for the word'
            return QueryError(f"{before.text} has nothing after it", before.start, before.end, hint)
        if ahead is None:
            opened = self.lexemes[self.position - 1]
            return QueryError("this parenthesis is not closed", opened.start, opened.end, "close it with )")
        if ahead.kind is LexemeKind.CLOSE:
            return QueryError("this parenthesis closes nothing", ahead.start, ahead.end, "remove it")
        hint = f'write what comes before it, or "{ahead.text}" in quotes to search for the word'
        return QueryError(f"{ahead.text} has nothing before it", ahead.start, ahead.end, hint)

    def _negated(self, depth: int) -> _Operand:
        negation = self._take()
        self._count(negation)
        operand = self._operand(depth + 1)
        return _Operand(Not(operand.node, negation.start, operand.end), negation.start, operand.end)

    def _count(self, lexeme: Lexeme) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise QueryError(
                f"more than {MAX_NODES:,} terms and groups",
                lexeme.start,
                lexeme.end,
                "split it into several watchlists",
            )

    def _group(self, depth: int) -> _Operand:
        opened = self._take()
        node = self._level(depth + 1)
        if self._peek() is None:
            raise QueryError("this parenthesis is not closed", opened.start, opened.end, "close it with )")
        return _Operand(node, opened.start, self._take().end)

    def _leaf(self) -> _Operand:
        lexeme = self._take()
        self.warnings += linting.of_lexeme(lexeme)
        return _Operand(_read(lexeme), lexeme.start, lexeme.end)


def _read(lexeme: Lexeme) -> Node:
    if lexeme.kind is LexemeKind.FIELD:
        return read_field(lexeme)
    return read_exact(lexeme) if lexeme.kind is LexemeKind.EXACT else read_term(lexeme)


def _join_all(query: str, operands: list[_Operand], joins: list[_Join]) -> Node:
    if not joins:
        return operands[0].node
    _check_one_operator(query, operands, joins)
    if joins[0].kind == "NEAR":
        return _near_node(query, operands[0], operands[1], joins[0].lexeme)
    children = tuple(operand.node for operand in operands)
    node = And if joins[0].kind == "AND" else Or
    return node(children, operands[0].start, operands[-1].end)


def _check_one_operator(query: str, operands: list[_Operand], joins: list[_Join]) -> None:
    first = joins[0].kind
    for join in joins[1:]:
        if join.kind != first or first == "NEAR":
            both = " and ".join(sorted({first, join.kind})) if join.kind != first else "two NEARs"
            lexeme = join.lexeme
            raise QueryError(
                f"{both} on one level", lexeme.start, lexeme.end, f"write {_grouped(query, operands, joins)}"
            )


def _grouped(query: str, operands: list[_Operand], joins: list[_Join]) -> str:
    """The level with parentheses as most languages would set them: NEAR closest, then AND, then OR."""
    parts = [query[operand.start : operand.end] for operand in operands]
    words = [f" {join.lexeme.text if join.kind == 'NEAR' else join.kind} " for join in joins]
    kinds = [join.kind for join in joins]
    for binding in ("NEAR", "AND"):
        if set(kinds) == {binding} and binding == "AND":
            break
        parts, words, kinds = _bind(parts, words, kinds, binding)
    return "".join(part + word for part, word in zip(parts, [*words, ""], strict=True))


def _bind(
    parts: list[str], words: list[str], kinds: list[Literal["AND", "OR", "NEAR"]], binding: str
) -> tuple[list[str], list[str], list[Literal["AND", "OR", "NEAR"]]]:
    """Put runs joined by `binding` into parentheses; a NEAR takes two."""
    out, left_words, left_kinds = [parts[0]], list[str](), list[Literal["AND", "OR", "NEAR"]]()
    open_run = False
    for part, word, kind in zip(parts[1:], words, kinds, strict=True):
        if kind == binding:
            inner = out[-1][1:-1] if open_run and binding == "AND" else out[-1]
            out[-1] = f"({inner}{word}{part})"
            open_run = True
        else:
            out.append(part)
            left_words.append(word)
            left_kinds.append(kind)
            open_run = False
    return out, left_words, left_kinds


def _near_node(query: str, left: _Operand, right: _Operand, lexeme: Lexeme) -> Near:
    match = _near.fullmatch(lexeme.text)
    if not match:
        raise QueryError(f"{lexeme.text} lacks the number of words between", lexeme.start, lexeme.end, "write NEAR/5")
    if int(match[2]) > MAX_DISTANCE:
        raise QueryError(
            f"at most {MAX_DISTANCE} words between", lexeme.start, lexeme.end, f"write {match[1]}NEAR/{MAX_DISTANCE}"
        )
    for operand in (left, right):
        _check_near_operand(query, operand.node, lexeme)
    return Near(left.node, right.node, int(match[2]), bool(match[1] or match[3]), left.start, right.end)


def _check_near_operand(query: str, node: Node, lexeme: Lexeme) -> None:
    if isinstance(node, Or):
        for child in node.children:
            _check_near_operand(query, child, lexeme)
    elif not isinstance(node, Term | Exact | Near):
        name = type(node).__name__.upper() if isinstance(node, And | Not) else "a field"
        shown = query[node.start : node.end]
        hint = (
            "only words, phrases and OR groups of them have a place in the text; write it outside: (a NEAR/5 b) AND …"
        )
        raise QueryError(f"{name} inside {lexeme.text}: {shown[:60]}", node.start, node.end, hint)
