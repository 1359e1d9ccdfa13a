"""The spaCy components, in the order of the pipeline. Each is thin: the judging is in the modules they call.

    text ─ tokenizer ► Doc ► language, then by language:
        normalisation ► reading ► sentiment ► urgency ► intents ► model ► needs_reply ► Doc._.understanding

What reads our word lists comes first, the model weighs that together with the words themselves. Settings are in the
pipeline's configuration and there is no other state: `to_disk` and `spacy.load` give the same pipeline back, and a
component is made anew from its settings where it goes to another process. They work in any spaCy pipeline.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.model import Intent, Urgency
from nlp import intents, language, sentiment, trained, urgency
from nlp.answers import left_alone, unsupported
from nlp.calibration import Marks
from nlp.cues import Cue, CueFinder, read
from nlp.features import describe
from nlp.folding import fold
from nlp.reading import look
from nlp.tokenizer import PostTokenizer, source
from nlp.understanding import FOLDED, SPOKEN, Spoken, Understanding, declared, taken, understand, understanding
from nlp.verdict import Verdict

THEMES = ("sentiment", "shifters", "urgency", "context", "intents")
LANGUAGE, NORMALISATION, READING, MODEL = (
    f"leitstand_{role}_v1" for role in ("language", "normalisation", "reading", "model")
)
COMPONENTS = {
    "normalisation": NORMALISATION,
    "reading": READING,
    "sentiment": "leitstand_sentiment_v1",
    "urgency": "leitstand_urgency_v1",
    "intents": "leitstand_intents_v1",
    "model": MODEL,
    "needs_reply": "leitstand_needs_reply_v1",
}
_BATCH = 512
_INTENTS = {intent: column for column, intent in enumerate(Intent)}
_LISTS = {"languages": ["xx"], "brands": []}
_MODEL = {"path": "", "theirs": [], "unknown_below": 0.0}
_UNDERSTANDING = ["doc._.understanding"]


@cache
def finder(languages: tuple[str, ...], brands: tuple[str, ...]) -> CueFinder:
    """The finder for all lists of some languages. A brand's name silences the cues inside it ("Best Buy")."""
    lists = [read(theme, language) for language in languages for theme in THEMES]
    names = [Cue("sentiment", brand.lower(), 0.0, "brand") for brand in brands if brand.strip()]
    return CueFinder([*names, *(cue for cues in lists for cue in cues)])


@Language.component(LANGUAGE, assigns=["doc._.spoken"])
def find_language(doc: Doc) -> Doc:
    """`doc._.declared` may say what the network declares."""
    doc.user_data[SPOKEN] = Spoken(*language.detect(source(doc), declared(doc)))
    return doc


class _OfLists:
    """A component that knows the lists of some languages."""

    def __init__(self, languages: Sequence[str], brands: Sequence[str]) -> None:
        self._of = tuple(languages), tuple(brands)
        self._cues = finder(*self._of)

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...], tuple[str, ...]]]:
        return type(self), self._of


class Normalisation(_OfLists):
    """Folds the text: one spelling for what is only written differently."""

    def __call__(self, doc: Doc) -> Doc:
        doc.user_data[FOLDED] = fold(source(doc), self._cues.words)
        return doc


class ListReading(_OfLists):
    """Finds the cues in the folded text, folding it where no component has."""

    def __call__(self, doc: Doc) -> Doc:
        text = source(doc)
        folded = taken(doc) or fold(text, self._cues.words)
        understand(doc, Understanding(look(text, folded, self._cues)))
        return doc


@Language.factory(NORMALISATION, default_config=_LISTS, assigns=["doc._.folded"])
def create_normalisation(nlp: Language, name: str, languages: Sequence[str], brands: Sequence[str]) -> Normalisation:
    return Normalisation(languages, brands)


@Language.factory(READING, default_config=_LISTS, assigns=_UNDERSTANDING)
def create_reading(nlp: Language, name: str, languages: Sequence[str], brands: Sequence[str]) -> ListReading:
    if isinstance(nlp.tokenizer, PostTokenizer):
        for word in (*finder(tuple(languages), tuple(brands)).words, *language.small_words()):
            nlp.vocab[word], nlp.vocab[word.capitalize()]  # known for good: a lexeme made anew in each batch costs time
    return ListReading(languages, brands)


@Language.component("leitstand_sentiment_v1", requires=_UNDERSTANDING)
def judge_sentiment(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.mood = sentiment.judge(so_far.reading)
    return doc


@Language.component("leitstand_urgency_v1", requires=_UNDERSTANDING)
def judge_urgency(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.concern = urgency.judge(so_far.reading, so_far.mood)
    return doc


@Language.component("leitstand_intents_v1", requires=_UNDERSTANDING)
def judge_intents(doc: Doc) -> Doc:
    so_far = understanding(doc)
    so_far.purposes = intents.judge(so_far.reading, so_far.mood, so_far.concern)
    return doc


class ModelComponent:
    """Asks the trained model about whole batches at once."""

    def __init__(self, path: str, language: str, theirs: Sequence[str] = (), unknown_below: float = 0.0) -> None:
        self._path, self._language, self._theirs, self._least = path, language, tuple(theirs), unknown_below
        model = trained.load(path)
        self._model = model.unsure_below(unknown_below) if unknown_below else model
        self._guesses = "sentiment" not in self._model.card.questions  # a site's own posts taught it more words

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...], float]]:
        return type(self), (self._path, self._language, self._theirs, self._least)

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
                one.verdict = self._answered(one, verdict)
            yield from batch

    def _answered(self, found: Understanding, verdict: Verdict) -> Verdict:
        answer = verdict
        if not any(found.reading.hits.values()):
            answer = unsupported(verdict, found.reading.text, guesses=self._guesses)
        return left_alone(answer, found, self._theirs) if self._theirs else answer


def _named(found: Sequence[Understanding]) -> Marks:
    """Which intents of each post are named by a cue."""
    marks = np.zeros((len(found), len(_INTENTS)), dtype=np.bool_)
    named = [(row, _INTENTS[p.intent]) for row, one in enumerate(found) for p in one.purposes if p.hit is not None]
    if named:
        marks[tuple(zip(*named, strict=True))] = True
    return marks


@Language.factory(MODEL, default_config=_MODEL, requires=_UNDERSTANDING)
def create_model(nlp: Language, name: str, path: str, theirs: Sequence[str], unknown_below: float) -> ModelComponent:
    """`path` is a folder that `leitstand train` wrote; empty: the shipped model. `theirs` are the questions that other
    components than ours have answered: the model leaves them alone. Under the probability `unknown_below` no sentiment
    is given; 0: under the model's own."""
    return ModelComponent(path, nlp.lang or "", theirs, unknown_below)


@Language.component("leitstand_needs_reply_v1", requires=_UNDERSTANDING)
def judge_needs_reply(doc: Doc) -> Doc:
    """An answer is wanted exactly where somebody at the desk must act."""
    so_far = understanding(doc)
    level = so_far.verdict.urgency if so_far.verdict else so_far.concern.urgency
    so_far.needs_reply = level >= Urgency.NORMAL
    return doc
