"""The tree a query is parsed to: frozen nodes, each with the `start`:`end` of the query text it was written at."""

from dataclasses import dataclass
from enum import Enum

from listeners.query.words import Kind


class Wildcard(Enum):
    """`*`: any number of word characters, none too. `?`: exactly one."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a term: literal pieces (normalised, without # @ $) and wildcards between them.

    `glued`: nothing may stand between the word before and this one (scripts written without blanks).
    """

    kind: Kind
    pieces: tuple[str | Wildcard, ...]
    glued: bool = False

    @property
    def literal(self) -> str:
        """The literal characters up to the first wildcard."""
        first = self.pieces[0]
        return first if isinstance(first, str) else ""

    @property
    def wild(self) -> bool:
        """Whether the word has a wildcard."""
        return len(self.pieces) > 1


@dataclass(frozen=True, slots=True)
class Term:
    """Words next to each other: a plain word, `e-mail`, a tag, or, `quoted`, a phrase."""

    words: tuple[Word, ...]
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Exact:
    """`{text}`: these characters; blanks stand for any blanks. `words` are the words in it."""

    text: str
    words: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Near:
    """`left` and `right` with at most `distance` words between; if `ordered`, left comes first."""

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class And:
    """All of these."""

    children: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of these."""

    children: tuple["Node", ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    child: "Node"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Language:
    """`lang:de,en`: primary subtags in lower case."""

    codes: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Channel:
    """`channel:x,blog`: case-folded."""

    names: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Author:
    """`author:acme*`: a handle without @, with the wildcards it has."""

    pieces: tuple[str | Wildcard, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Followers:
    """`followers:[low TO high]`, both inclusive; `high` None is no upper bound."""

    low: int
    high: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Site:
    """`site:example.com`: a host, case-folded, without port."""

    host: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Url:
    """`url:`: a part of an address, case-folded, without scheme and www."""

    part: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Is:
    """`is:reply`: one of model.MentionKind."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Has:
    """`has:link` or `has:media`."""

    what: str
    start: int
    end: int


Field = Language | Channel | Author | Followers | Site | Url | Is | Has
Node = Term | Exact | Near | And | Or | Not | Field
