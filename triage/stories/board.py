"""Which story each post belongs to: the stories that are known, and the rules that join them. Pure.

    a key that a story has → it         a band that a post of a story has, and the text is a copy → it
    several stories → they are one: the oldest stays         none → a story of its own

The board is filled with what may matter (all of a file, or what the database has of it), and then asked post by post.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from triage.stories.copies import SIMILAR, is_copy, same_language
from triage.stories.prints import Print

WINDOW = timedelta(hours=72)
COPY = "a copy of the text"
# What is popular is not looked at for ever: of a band the latest posts, of a story no more than can stand for it, and
# for a post no more than that in all.
LATEST, ENOUGH, MOST = 100, 8, 300


@dataclass(frozen=True, slots=True)
class Span:
    """When the first and the last post of a story were written."""

    first_at: datetime
    last_at: datetime

    def near(self, at: datetime, window: timedelta) -> bool:
        """Whether a post of that time may still join."""
        return self.first_at - window <= at <= self.last_at + window

    def with_(self, other: "Span") -> "Span":
        """The span of both."""
        return Span(min(self.first_at, other.first_at), max(self.last_at, other.last_at))


@dataclass(frozen=True, slots=True)
class Placed:
    """The story of a post: its number is that of the post it began with.

    `why` is by what the post joined, "" where it began the story. `merged` are the stories that are none any more
    because this post belongs to them too. `takes` are the keys, `bands` the bands by which later posts will find it.
    """

    post: int
    story: int
    why: str = ""
    merged: tuple[int, ...] = ()
    takes: tuple[int, ...] = ()
    bands: tuple[int, ...] = ()


@dataclass(slots=True)
class Board:
    """Stories by their keys and bands. `apart` are pairs of stories that a person has split."""

    window: timedelta = WINDOW
    similar: float = SIMILAR
    spans: dict[int, Span] = field(default_factory=dict)
    keys: dict[int, int] = field(default_factory=dict)
    apart: set[frozenset[int]] = field(default_factory=set)
    _bands: dict[int, list[tuple[Print, int]]] = field(default_factory=dict)
    _now: dict[int, int] = field(default_factory=dict)

    def know(
        self,
        spans: Mapping[int, Span],
        keys: Mapping[int, int],
        posts: Iterable[tuple[Print, int]],
        apart: Iterable[frozenset[int]] = (),
    ) -> None:
        """Add stories: which has which key, and posts with their story, to be compared."""
        self.spans.update(spans)
        self.keys.update(keys)
        self.apart.update(apart)
        for post, story in posts:
            self._show(post, story)

    def place(self, post: Print) -> Placed:
        """The story of one more post. Posts come in the order in which they were written."""
        found = self._by_key(post)
        known = bool(found) and "the same words" in found.values()
        if not known:
            self._by_copy(post, found)
        story, merged = self._settle(post, found)
        span = Span(post.at, post.at)
        self.spans[story] = self.spans[story].with_(span) if story in self.spans else span
        takes = tuple(key for key in post.keys if self.story(self.keys.get(key, -1)) != story)
        self.keys.update(dict.fromkeys(takes, story))
        bands = () if known else post.bands
        if bands:
            self._show(post, story)
        return Placed(post.post, story, found.get(story, ""), merged, takes, bands)

    def leave_out(self, post: int, keys: Iterable[int], stories: Collection[int]) -> None:
        """Forget one post, with the keys that it has, and whatever is known of some stories."""
        for key in {*keys, *(key for key, story in self.keys.items() if story in stories)}:
            self.keys.pop(key, None)
        for band, shown in self._bands.items():
            self._bands[band] = [(one, story) for one, story in shown if one.post != post and story not in stories]

    def joins(self, post: Print) -> bool:
        """Whether the post is a copy of any post that is known."""
        found: dict[int, str] = {}
        self._by_copy(post, found)
        return bool(found)

    def story(self, story: int) -> int:
        """What a story has become part of; itself if it still is one."""
        while story in self._now:
            story = self._now[story]
        return story

    def _by_key(self, post: Print) -> dict[int, str]:
        found: dict[int, str] = {}
        for key, why in zip(post.keys, post.reasons, strict=True):
            story = self.story(self.keys.get(key, -1))
            if story in self.spans and self.spans[story].near(post.at, self.window):
                found.setdefault(story, why)
        return found

    def _by_copy(self, post: Print, found: dict[int, str]) -> None:
        """Add the stories of which the post is a copy. Each story is looked at until one post of it says so."""
        words = post.words
        if words is None:
            return
        seen: set[int] = set()
        for band in (post.beginning, *post.bands):
            if (shown := self._bands.get(band)) is None:
                continue
            for other, began in shown[-LATEST:]:
                if other.post in seen or len(seen) == MOST:
                    continue
                seen.add(other.post)
                story = self.story(began)
                if story in found or other.words is None or not self.spans[story].near(post.at, self.window):
                    continue
                if same_language(post.language, other.language) and is_copy(words, other.words, self.similar):
                    found[story] = COPY

    def _settle(self, post: Print, found: dict[int, str]) -> tuple[int, tuple[int, ...]]:
        """The oldest of the stories found; the others become part of it, but for those that a person has split."""
        if not found:
            return post.post, ()
        story, *others = sorted(found, key=lambda number: (self.spans[number].first_at, number))
        merged = tuple(other for other in others if not self._split(story, other))
        for other in merged:
            self._now[other] = story
            self.spans[story] = self.spans[story].with_(self.spans[other])
            found[story] = found[story] or found[other]
        return story, merged

    def _split(self, one: int, other: int) -> bool:
        return any({self.story(a) for a in pair} == {one, other} for pair in self.apart)

    def _show(self, post: Print, story: int) -> None:
        told = (post, story)
        for band in (post.beginning, *post.bands) if post.words else ():
            if (shown := self._bands.get(band)) is None:
                self._bands[band] = [told]
            elif len(shown) < ENOUGH or any(other != story for _, other in shown[-ENOUGH:]):
                shown.append(told)


def place_all(posts: Sequence[Print], board: Board) -> dict[int, int]:
    """The story of every post, all of them seen: posts that a later one bridges are in one story."""
    placed = [board.place(post) for post in sorted(posts, key=lambda post: post.at)]
    return {one.post: board.story(one.story) for one in placed}
