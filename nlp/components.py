"""The spaCy components, in the order of the pipeline. Each is thin: the judging is in the modules they call.

    text ─ PostTokenizer ► Doc ► reading ► sentiment ► urgency ► intents ► Doc._.understanding

Their settings are in the pipeline's configuration, so `to_disk` and `spacy.load` give the same pipeline back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from spacy.language import Language
from spacy.tokens import Doc

from nlp import intents, sentiment, urgency
from nlp.cues import Cue, CueFinder, read
from nlp.intents import Purpose
from nlp.language import small_words
from nlp.reading import Reading, read_post
from nlp.sentiment import Mood
from nlp.tokenizer import SOURCE
from nlp.urgency import Concern

THEMES = ("sentiment", "shifters", "urgency", "context", "intents")
COMPONENTS = ("leitstand_reading_v1", "leitstand_sentiment_v1", "leitstand_urgency_v1", "leitstand_intents_v1")


@dataclass(slots=True)
class Understanding:
    """What the components have found so far; each adds its own part."""

    reading: Reading
    mood: Mood = field(init=False)
    concern: Concern = field(init=False)
    purposes: tuple[Purpose, ...] = field(init=False)


Doc.set_extension("understanding", default=None, force=True)


@cache
def finder(languages: tuple[str, ...], brands: tuple[str, ...]) -> CueFinder:
    """The finder for all lists of some languages. A brand's name silences the cues inside it ("Best Buy")."""
    lists = [read(theme, language) for language in languages for theme in THEMES]
    names = [Cue("sentiment", brand.lower(), 0.0, "brand") for brand in brands if brand.strip()]
    return CueFinder([*names, *(cue for cues in lists for cue in cues)])


@Language.factory("leitstand_reading_v1", default_config={"languages": ["xx"], "brands": []})
def create_reading(nlp: Language, name: str, languages: Sequence[str], brands: Sequence[str]) -> Callable[[Doc], Doc]:
    cues = finder(tuple(languages), tuple(brands))
    for word in (*cues.words, *small_words()):
        nlp.vocab[word], nlp.vocab[word.capitalize()]  # known for good: a lexeme made anew in each batch costs time

    def read_doc(doc: Doc) -> Doc:
        doc._.understanding = Understanding(read_post(doc.user_data[SOURCE], cues))
        return doc

    return read_doc


@Language.component("leitstand_sentiment_v1")
def judge_sentiment(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.mood = sentiment.judge(so_far.reading)
    return doc


@Language.component("leitstand_urgency_v1")
def judge_urgency(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.concern = urgency.judge(so_far.reading, so_far.mood)
    return doc


@Language.component("leitstand_intents_v1")
def judge_intents(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.purposes = intents.judge(so_far.reading, so_far.mood, so_far.concern)
    return doc


def understanding(doc: Doc) -> Understanding:
    """What the pipeline found in a document."""
    found: Understanding = doc._.understanding
    return found
