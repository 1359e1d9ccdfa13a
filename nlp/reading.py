"""A post with its cues found: what every judge reads. Offsets are those of the folded text.

text ── fold ──► Folded ── CueFinder ──► Reading ──► sentiment, urgency, intents
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from nlp.cues import CueFinder, Hit
from nlp.folding import FIELD_BREAK, HANDLE, Folded, fold, is_addressed

_CLAUSE_END = re.compile(rf"[.!?;:,\n{FIELD_BREAK}]| - ")
_SENTENCE_END = re.compile(rf"[.!?\n{FIELD_BREAK}]")


_NEAR = 80
_FEW = 8
_BAD = -1.5
_IS_NOT = dict.fromkeys(("not", "isn't", "wasn't", "aren't", "weren't", "ain't", "no", "nothing", "none"), "good")
_IS_NOT |= dict.fromkeys(("nicht", "nich", "gar nicht", "nicht mal", "kein*", "nichts"), "gut")
_SO = re.compile(r" (?:(?:a|an|the|so|too|that|very|really|das|so|zu|sehr|wirklich|besonders|mal) ){0,2}")
_ANY_MORE = re.compile(r"(?: \w+)? (?:mehr|anymore|any more)\b")
_SILENT = frozenset({"brand", "silence", "litotes", "denied"})
_NONE: frozenset[str] = frozenset()
_start = attrgetter("start")


@dataclass(frozen=True, slots=True)
class Reading:
    """`original` is the text as written, `folded` what was searched, `hits` the cues in it by theme.

    `addressed`: the post begins by naming an account, so it is said to somebody.
    """

    original: str
    folded: Folded
    hits: dict[str, list[Hit]]
    addressed: bool
    _groups: dict[str, frozenset[str]] = field(compare=False, repr=False)
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def text(self) -> str:
        return self.folded.text

    def of(self, theme: str) -> list[Hit]:
        """The hits of a theme, in the order of the text."""
        return self.hits.get(theme, [])

    def near(self, theme: str, hit: Hit) -> list[Hit]:
        """The hits of a theme that begin at most 80 characters before or after another hit."""
        hits = self.hits.get(theme, [])
        if len(hits) < _FEW:
            return hits
        low = bisect_left(hits, hit.start - _NEAR, key=_start)
        return hits[low : bisect_left(hits, hit.end + _NEAR, key=_start)]

    def groups(self, theme: str) -> frozenset[str]:
        """Which groups of a theme were found."""
        return self._groups.get(theme, _NONE)

    @property
    def unsilenced(self) -> str:
        """The folded text as the model reads it: without brands, words that only look like feelings, and denials that
        undo each other ("can't say it isn't good"); a denied fault ("not bad", "isn't rude") is plain praise."""
        text = self.text
        for hit in (*self.hits.get("sentiment", ()), *self.hits.get("shifters", ())):
            if hit.cue.group in _SILENT:
                text = f"{text[: hit.start]}{_instead(hit)}{text[hit.end :]}"
        for start, end, word in self._denied():
            text = f"{text[:start]}{word.rjust(end - start)}{text[end:]}"
        return text

    def _denied(self) -> Iterator[tuple[int, int, str]]:
        """What is said not to be bad, from the denial on, and what that means in one word."""
        faults = [hit for hit in self.of("sentiment") if hit.cue.value <= _BAD or hit.cue.group == "litotes"]
        for no in self.of("shifters") if faults else ():
            word = _IS_NOT.get(no.cue.pattern)
            place = bisect_left(faults, no.end, key=_start)
            if word is None or place == len(faults) or (place and faults[place - 1].end > no.start):
                continue
            hit = faults[place]
            told_of_before = _ANY_MORE.match(self.text, hit.end) is not None
            if hit.cue.group == "general" and _SO.fullmatch(self.text, no.end, hit.start) and not told_of_before:
                yield no.start, hit.end, word

    def in_whole(self, start: int, end: int) -> tuple[int, int]:
        """Where words stand that the model has read: the whole denial where it read one word in its place."""
        text = self.folded.text
        cut = text[start - 1 : start + 1].isalnum() or (end < len(text) and text[end - 1 : end + 1].isalnum())
        if not cut:
            return start, end
        told = [(hit.start, hit.end) for hit in self.of("sentiment") if hit.cue.group == "litotes"]
        for left, right in (*told, *((left, right) for left, right, _ in self._denied())):
            if left < end and start < right:
                start, end = min(start, left), max(end, right)
        return start, end

    def remembered(self, name: str, judge: Callable[["Reading"], bool]) -> bool:
        """What `judge` says of this reading; it is asked once."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = judge(self)
        return known

    def spelling(self, hit: Hit) -> str:
        """The words of a hit as the author wrote them."""
        start, end = self.folded.origin(hit.start, hit.end)
        return self.original[start:end]

    def words_between(self, end: int, start: int) -> int:
        """How many words stand between one hit's end and another's start."""
        return max(0, self.text.count(" ", end, start) - 1)

    def same_clause(self, start: int, end: int) -> bool:
        return _CLAUSE_END.search(self.text, start, end) is None

    def closes_clause(self, end: int) -> bool:
        """Right after `end`, or after one more sign, the clause is over."""
        match = _CLAUSE_END.search(self.text, end, end + 4)
        return end + 1 >= len(self.text) or (match is not None and match.start() <= end + 1)

    def sentence_mark(self, start: int) -> str:
        """What ends the sentence that `start` stands in: ".", "!", "?" or ""."""
        match = _SENTENCE_END.search(self.text, start)
        return match.group() if match else ""

    @property
    def names_an_account(self) -> bool:
        return HANDLE in self.text

    @property
    def shouted(self) -> bool:
        return self.original.isupper()


def _instead(hit: Hit) -> str:
    """What the model reads in the place of a hit, as long as the hit."""
    if hit.cue.group != "litotes":
        return " " * (hit.end - hit.start)
    return ("good" if "not" in hit.cue.pattern else "gut").ljust(hit.end - hit.start)


def read_post(text: str, finder: CueFinder) -> Reading:
    """Fold a text and find its cues."""
    return look(text, fold(text, finder.words), finder)


def look(text: str, folded: Folded, finder: CueFinder) -> Reading:
    """Find the cues in a folded text."""
    hits = finder.find(folded.text)
    groups = {theme: frozenset([hit.cue.group for hit in found]) for theme, found in hits.items()}
    return Reading(text, folded, hits, is_addressed(folded.text), groups)
