r"""Many rows in one statement: an array for each of their columns, written by msgspec.

psycopg writes a list element by element in Python, ten times as slowly. One document of JSON for all rows is written as
fast, but PostgreSQL takes twice as long to read it.

    list in JSON   ["a","say \"hi\"",null]   ──►   array   {"a","say \"hi\"",null}
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

# PostgreSQL reads \" and \\ as JSON does; a control character it wants as it is.
_CONTROLS: Final = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\b": "\b", r"\f": "\f"}
_OTHERS: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class Rows:
    """The columns of rows that are given to one statement, each with its type in PostgreSQL.

    `names` are the columns, `source` is what the statement selects from and `selected` what it selects. The statement's
    parameters have the names of the columns. Documents come as one document, arrays as texts.
    """

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types
        self.names = ", ".join(types)
        self.source = f"ROWS FROM ({', '.join(map(_given, types, types.values()))}) AS r ({self.names})"
        self.selected = ", ".join(map(_selected, types, types.values()))

    def parameters(self, rows: Iterable[Sequence[object]]) -> dict[str, str]:
        """What is given for rows that have the columns in their order."""
        columns = tuple(zip(*rows, strict=True)) or ((),) * len(self._types)
        named = zip(self._types.items(), columns, strict=True)
        return {name: _written(kind, values) for (name, kind), values in named}


def array(values: Sequence[object]) -> str:
    """The values as PostgreSQL reads an array of them; None is NULL."""
    written = msgspec.json.encode(values)[1:-1].decode()
    if "\\" in written:
        written = r"\\".join(map(_controlled, written.split(r"\\")))
    return f"{{{written}}}"


def _given(name: str, kind: str) -> str:
    if kind == "jsonb":
        return f"jsonb_array_elements(CAST(:{name} AS jsonb))"
    return f"unnest(CAST(:{name} AS {'text' if kind.endswith('[]') else kind}[]))"


def _selected(name: str, kind: str) -> str:
    if kind == "jsonb":
        return f"nullif(r.{name}, 'null') AS {name}"
    return f"CAST(r.{name} AS {kind}) AS {name}" if kind.endswith("[]") else f"r.{name}"


def _written(kind: str, values: Sequence[object]) -> str:
    if kind == "jsonb":
        return msgspec.json.encode(values).decode()
    return array(_texts(values) if kind.endswith("[]") else values)


def _texts(values: Sequence[object]) -> list[str | None]:
    """Arrays as texts. Those of a batch are much the same, so each is written once."""
    written: dict[object, str | None] = {None: None}
    written |= {value: array(value) for value in set(values) if isinstance(value, tuple)}
    return [written[value] for value in values]


def _controlled(escaped: str) -> str:
    """With control characters as they are, where no backslash is escaped."""
    for escape, control in _CONTROLS.items():
        escaped = escaped.replace(escape, control)
    return _OTHERS.sub(lambda found: chr(int(found[1], 16)), escaped)
