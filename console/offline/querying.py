"""One watchlist query on the posts of a file: what it matches, where, and how that fits the file's labels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from console.offline.posts import Post, Refused
from listeners.query import evaluate
from listeners.query.tree import Node
from nlp import language


@dataclass(frozen=True, slots=True)
class Tested:
    """Whether a post matches, and the places in its text and in its title that were asked for."""

    post: Post
    match: bool
    spans: tuple[tuple[int, int], ...]
    in_title: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Score:
    """How often query and label agree; unlabelled posts do not count."""

    posts: int = 0
    matched: int = 0
    labelled: int = 0
    right: int = 0
    wanted: int = 0
    found: int = 0

    def count(self, tested: Tested) -> None:
        """Add one post."""
        self.posts += 1
        self.matched += tested.match
        if tested.post.label is None:
            return
        self.labelled += 1
        self.wanted += tested.post.label
        self.found += tested.match
        self.right += tested.match and tested.post.label

    @property
    def precision(self) -> float | None:
        """How many of the matched posts were wanted; None where nothing labelled matched."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """How many of the wanted posts matched; None where none is wanted."""
        return self.right / self.wanted if self.wanted else None


def test(node: Node, lines: Iterable[Post | Refused]) -> Iterator[Tested | Refused]:
    """Every post against the query; a refused line as it is."""
    for line in lines:
        if isinstance(line, Refused):
            yield line
            continue
        match = evaluate.matches(node, line.mention, detect)
        found = evaluate.spans(node, line.mention, detect) if match else []
        in_text, in_title = (
            tuple((start, end) for field, start, end in found if field == wanted) for wanted in ("text", "title")
        )
        yield Tested(line, match, in_text, in_title)


def detect(text: str) -> str:
    """The language of a text, "unknown" where it cannot be told."""
    return language.detect(text)[0]
