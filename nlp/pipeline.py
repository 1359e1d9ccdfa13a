"""Mentions → Assessments: the language first, then one spaCy pipeline per language, batched.

    Mention ── language.detect ──► spacy.blank("de" | "en" | "xx") with our components ──► Assessment

German and English have their own lists. A text of unknown language is read with both; of a language that is known and
neither, only the signs that all languages share (emoji, emoticons) are read, and its words say nothing.
"""

from collections.abc import Iterable, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.model import Assessment, Intent, Mention, Reason, Urgency
from nlp import language, tokenizer
from nlp.components import COMPONENTS
from nlp.cues import Hit
from nlp.folding import FIELD_BREAK
from nlp.intents import Purpose
from nlp.reading import Reading
from nlp.sentiment import Mood
from nlp.urgency import Concern

MODEL = "lexicon-1"
TEXT_LIMIT = 5_000
TITLE_LIMIT = 500

_LISTS = {"de": ("de", "xx"), "en": ("en", "xx"), language.UNKNOWN: ("de", "en", "xx")}
_OTHER = "xx"


class Assessor:
    """Assesses mentions. Building one reads the lists; keep it for the life of the process."""

    def __init__(self, pipelines: dict[str, Language]) -> None:
        self._pipelines = pipelines

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        """One assessment per mention, in the order given.

        Only the first 5,000 characters of a text and 500 of a title are read; what stands behind them has no say.
        """
        languages = [language.detect(f"{mention.title} {_text(mention)}", mention.language)[0] for mention in mentions]
        results: dict[int, Assessment] = {}
        for key, pipeline in self._pipelines.items():
            chosen = [index for index, code in enumerate(languages) if _pipeline_for(code) == key]
            posts = [_joined(mentions[index]) for index in chosen]
            with pipeline.memory_zone():
                docs = pipeline.pipe([post for post, _ in posts])
                for index, (_, split), doc in zip(chosen, posts, docs, strict=True):
                    results[index] = _assessment(doc, languages[index], split)
        return [results[index] for index in range(len(mentions))]


def load(brands: Iterable[str] = ()) -> Assessor:
    """An assessor with the shipped lists. `brands` are names whose words are not feelings ("Best Buy")."""
    names = tuple(brands)
    codes = {**_LISTS, _OTHER: (_OTHER,)}
    return Assessor({code: build(code, lists, names) for code, lists in codes.items()})


def build(code: str, lists: Sequence[str], brands: Sequence[str] = ()) -> Language:
    """The blank spaCy pipeline for one language with our tokenizer and components."""
    config = {"nlp": {"tokenizer": {"@tokenizers": tokenizer.NAME}}}
    pipeline = spacy.blank(code if code in ("de", "en") else _OTHER, config=config)
    for name in COMPONENTS:
        own = {"languages": list(lists), "brands": list(brands)} if name == COMPONENTS[0] else {}
        pipeline.add_pipe(name, config=own)
    return pipeline


def _pipeline_for(code: str) -> str:
    return code if code in _LISTS else _OTHER


def _text(mention: Mention) -> str:
    return mention.text[:TEXT_LIMIT]


def _joined(mention: Mention) -> tuple[str, int]:
    """What is read of a mention, and where its text begins. A title that the text repeats is not read twice."""
    text, title = _text(mention), mention.title[:TITLE_LIMIT]
    if not title or text.startswith(title.rstrip("…. ")):
        return text, 0
    return f"{title}{FIELD_BREAK}{text}", len(title) + 1


def _assessment(doc: Doc, code: str, split: int) -> Assessment:
    reading, mood, concern = doc._.reading, doc._.mood, doc._.concern
    purposes: tuple[Purpose, ...] = doc._.purposes
    return Assessment(
        language=code,
        sentiment=mood.sentiment,
        sentiment_score=round(mood.score, 4),
        urgency=concern.urgency,
        intents=tuple(purpose.intent for purpose in purposes),
        needs_reply=concern.urgency >= Urgency.NORMAL,
        reasons=tuple(_reasons(reading, mood, concern, purposes, split)),
        model=MODEL,
    )


def _reasons(
    reading: Reading, mood: Mood, concern: Concern, purposes: Sequence[Purpose], split: int
) -> Iterable[Reason]:
    for hit, weight in mood.parts:
        yield _reason("sentiment", reading, hit, round(weight, 3), split)
    for hit, level in concern.parts:
        yield _reason("urgency", reading, hit, float(level), split)
    for purpose in purposes:
        if purpose.hit is not None and purpose.intent is not Intent.CHATTER:
            yield _reason(purpose.intent.value, reading, purpose.hit, 1.0, split)


def _reason(about: str, reading: Reading, hit: Hit, weight: float, split: int) -> Reason:
    start, end = reading.folded.origin(hit.start, hit.end)
    if end < split:
        return Reason(about, hit.cue.pattern, start, end, weight, "title")
    return Reason(about, hit.cue.pattern, max(0, start - split), end - split, weight, "text")
