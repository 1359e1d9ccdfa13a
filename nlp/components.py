"""The spaCy components, in the order of the pipeline. Each is thin: the judging is in the modules they call.

    text ─ tokenizer ► Doc ► reading ► sentiment ► urgency ► intents ► model ► Doc._.understanding

The first four read our word lists, the fifth weighs them together with the words themselves. Their settings are in the
pipeline's configuration, so `to_disk` and `spacy.load` give the same pipeline back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.model import Intent
from nlp import intents, sentiment, trained, urgency
from nlp.calibration import Marks
from nlp.cues import Cue, CueFinder, read
from nlp.features import describe
from nlp.intents import Purpose
from nlp.language import small_words
from nlp.reading import Reading, read_post
from nlp.sentiment import Mood
from nlp.tokenizer import SOURCE, PostTokenizer
from nlp.trained import Model
from nlp.urgency import Concern
from nlp.verdict import Verdict

THEMES = ("sentiment", "shifters", "urgency", "context", "intents")
READING, MODEL = "leitstand_reading_v1", "leitstand_model_v1"
COMPONENTS = {
    "reading": READING,
    "sentiment": "leitstand_sentiment_v1",
    "urgency": "leitstand_urgency_v1",
    "intents": "leitstand_intents_v1",
    "model": MODEL,
}
_KEY = "leitstand_understanding"
_BATCH = 512
_INTENTS = {intent: column for column, intent in enumerate(Intent)}


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the text as written: a product or an entity, and which."""

    about: str
    name: str
    start: int
    end: int


@dataclass(slots=True)
class Understanding:
    """What the components have found so far; each adds its own part. `verdict` is None where no model was asked."""

    reading: Reading
    mood: Mood = field(init=False)
    concern: Concern = field(init=False)
    purposes: tuple[Purpose, ...] = field(init=False)
    verdict: Verdict | None = None
    names: list[Named] = field(default_factory=list)


def understanding(doc: Doc) -> Understanding:
    """What the pipeline found in a document."""
    found: Understanding = doc.user_data[_KEY]
    return found


def understand(doc: Doc, found: Understanding) -> None:
    """Begin with what was read: for components that read a post in their own way."""
    doc.user_data[_KEY] = found


Doc.set_extension("understanding", getter=understanding, setter=understand, force=True)


@cache
def finder(languages: tuple[str, ...], brands: tuple[str, ...]) -> CueFinder:
    """The finder for all lists of some languages. A brand's name silences the cues inside it ("Best Buy")."""
    lists = [read(theme, language) for language in languages for theme in THEMES]
    names = [Cue("sentiment", brand.lower(), 0.0, "brand") for brand in brands if brand.strip()]
    return CueFinder([*names, *(cue for cues in lists for cue in cues)])


@Language.factory(READING, default_config={"languages": ["xx"], "brands": []})
def create_reading(nlp: Language, name: str, languages: Sequence[str], brands: Sequence[str]) -> Callable[[Doc], Doc]:
    cues = finder(tuple(languages), tuple(brands))
    if isinstance(nlp.tokenizer, PostTokenizer):
        for word in (*cues.words, *small_words()):
            nlp.vocab[word], nlp.vocab[word.capitalize()]  # known for good: a lexeme made anew in each batch costs time

    def read_doc(doc: Doc) -> Doc:
        understand(doc, Understanding(read_post(doc.user_data[SOURCE], cues)))
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


class ModelComponent:
    """Asks the trained model about whole batches at once."""

    def __init__(self, model: Model, language: str, theirs: Sequence[str] = ()) -> None:
        self._model, self._language, self._theirs = model, language, theirs

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = _BATCH) -> Iterator[Doc]:
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            found = [understanding(doc) for doc in batch]
            features = np.asarray([describe(one.reading, one.mood, one.concern) for one in found], dtype=np.float32)
            texts = [one.reading.unsilenced for one in found]
            verdicts = self._model.judge(texts, features, self._language, _named(found))
            for one, verdict in zip(found, verdicts, strict=True):
                one.verdict = _left_alone(verdict, one, self._theirs) if self._theirs else verdict
            yield from batch


def _named(found: Sequence[Understanding]) -> Marks:
    """Which intents of each post are named by a cue."""
    marks = np.zeros((len(found), len(_INTENTS)), dtype=np.bool_)
    named = [(row, _INTENTS[p.intent]) for row, one in enumerate(found) for p in one.purposes if p.hit is not None]
    if named:
        marks[tuple(zip(*named, strict=True))] = True
    return marks


def _left_alone(verdict: Verdict, found: Understanding, theirs: Sequence[str]) -> Verdict:
    """The verdict, with what components of the operator's own have answered as they answered it.

    What spoke for the model's answer is no reason for theirs.
    """
    if "sentiment" in theirs:
        verdict = verdict._replace(sentiment=found.mood.sentiment, score=round(found.mood.score, 4), felt=())
    if "urgency" in theirs:
        verdict = verdict._replace(urgency=found.concern.urgency, pressing=())
    if "intents" in theirs:
        verdict = verdict._replace(intents=tuple(purpose.intent for purpose in found.purposes))
    return verdict


@Language.factory(MODEL, default_config={"path": "", "theirs": []})
def create_model(nlp: Language, name: str, path: str, theirs: Sequence[str]) -> ModelComponent:
    """`path` is a folder that `leitstand train` wrote; empty: the shipped model. `theirs` are the questions that other
    components than ours have answered: the model leaves them alone."""
    return ModelComponent(trained.load(path), nlp.lang or "", theirs)
