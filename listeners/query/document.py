"""A post made ready for exact matching: its title and its text, each split into words and indexed. Lazy throughout."""

from collections.abc import Callable
from functools import cached_property

from leitstand.model import Mention
from listeners.query.characters import without_tones
from listeners.query.patterns import words_inside
from listeners.query.text import key, normalise
from listeners.query.words import Kind, Token, split

# A post may be a book. Beyond this many characters of a field nothing is matched.
MAX_SEARCHED = 200_000


class Searched:
    """One field of a post: "title" or "text"."""

    def __init__(self, name: str, original: str) -> None:
        self.name = name
        self.normal = normalise(original[:MAX_SEARCHED])

    @cached_property
    def tokens(self) -> list[Token]:
        """Its words, in order."""
        return split(self.normal.text)

    @cached_property
    def index(self) -> dict[str, list[int]]:
        """Where words with this key stand. Every word that a term may match is under the term's key."""
        found: dict[str, list[int]] = {}
        for position, token in enumerate(self.tokens):
            for entry in (key(token.text),) if token.kind is Kind.WORD else _keys(token):
                found.setdefault(entry, []).append(position)
        return found

    def original(self, first: int, last: int, *, inner: bool = False) -> tuple[int, int]:
        """The span in the post of the words `first` to `last`, both included; `inner` leaves out a leading # or @."""
        start, end = self.tokens[first].start, self.tokens[last].end
        if inner and self.tokens[first].kind in (Kind.TAG, Kind.MENTION):
            start += 1
        return self.normal.original(start, end)


def _keys(token: Token) -> set[str]:
    if token.kind is Kind.URL:
        return set()
    if token.kind is Kind.EMOJI:
        return {without_tones.sub("", token.text)}
    return {key(word) for word in (token.text, *words_inside(token))}


class Document:
    """One post. `detect` names the language of a text where the network declares none, "unknown" where it cannot."""

    def __init__(self, mention: Mention, detect: Callable[[str], str] | None = None) -> None:
        self.mention = mention
        self._detect = detect

    @cached_property
    def title(self) -> Searched:
        """The title, made ready."""
        return Searched("title", self.mention.title)

    @cached_property
    def text(self) -> Searched:
        """The text, made ready."""
        return Searched("text", self.mention.text)

    @cached_property
    def searched(self) -> tuple[Searched, ...]:
        """The fields that terms are searched in."""
        return (self.title, self.text) if self.mention.title else (self.text,)

    @cached_property
    def language(self) -> str:
        """The primary subtag of the declared language, else of the detected one; "" if unknown."""
        tag = self.mention.language or (self._detect(self.mention.text) if self._detect else "")
        primary = tag.replace("_", "-").partition("-")[0].casefold()
        return "" if primary in ("unknown", "und") else primary

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The links in the text: what the network says, and what stands there."""
        return self.mention.links + tuple(token.text for token in self.text.tokens if token.kind is Kind.URL)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The post's own address and its links."""
        return (self.mention.url, *self.links)
