"""Mentions → Assessments: the language first, then one spaCy pipeline per language, batched.

    Mention ── language.detect ──► spacy.blank("de" | "en" | "xx") with our components ──► Assessment

German and English have their own lists. A text of unknown language is read with both; of a language that is known and
neither, only the signs that all languages share (emoji, emoticons) are read, and its words say nothing.
"""

from collections.abc import Iterable, Sequence

import spacy
from spacy.language import Language

from leitstand.model import Assessment, Mention, Reason, Urgency
from nlp import language, tokenizer
from nlp.components import COMPONENTS, Understanding, understanding
from nlp.cues import Hit
from nlp.folding import FIELD_BREAK
from nlp.reading import Reading

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
                    results[index] = _assessment(understanding(doc), languages[index], split)
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


def _assessment(found: Understanding, code: str, split: int) -> Assessment:
    return Assessment(
        language=code,
        sentiment=found.mood.sentiment,
        sentiment_score=round(found.mood.score, 4),
        urgency=found.concern.urgency,
        intents=tuple(purpose.intent for purpose in found.purposes),
        needs_reply=found.concern.urgency >= Urgency.NORMAL,
        reasons=tuple(_reasons(found, split)),
        model=MODEL,
    )


def _reasons(found: Understanding, split: int) -> Iterable[Reason]:
    for hit, weight in found.mood.parts:
        yield _reason("sentiment", found.reading, hit, round(weight, 3), split)
    for hit, level in found.concern.parts:
        yield _reason("urgency", found.reading, hit, float(level), split)
    for purpose in found.purposes:
        if purpose.hit is not None:
            yield _reason(purpose.intent.value, found.reading, purpose.hit, 1.0, split)


def _reason(about: str, reading: Reading, hit: Hit, weight: float, split: int) -> Reason:
    start, end = reading.folded.origin(hit.start, hit.end)
    if end < split:
        return Reason(about, hit.cue.pattern, start, end, weight, "title")
    return Reason(about, hit.cue.pattern, max(0, start - split), end - split, weight, "text")
