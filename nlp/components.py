"""The spaCy components, in the order of the pipeline. Each is thin: the judging is in the modules they call.

    text ─ PostTokenizer ► Doc ► reading ► sentiment ► urgency ► intents ► Doc._.reading .mood .concern .purposes

Their settings are in the pipeline's configuration, so `to_disk` and `spacy.load` give the same pipeline back.
"""

from collections.abc import Callable, Sequence
from functools import cache

from spacy.language import Language
from spacy.tokens import Doc

from nlp import intents, sentiment, urgency
from nlp.cues import Cue, CueFinder, read
from nlp.reading import read_post

THEMES = ("sentiment", "shifters", "urgency", "context", "intents")
COMPONENTS = ("leitstand_reading_v1", "leitstand_sentiment_v1", "leitstand_urgency_v1", "leitstand_intents_v1")

for _name in ("reading", "mood", "concern", "purposes"):
    Doc.set_extension(_name, default=None, force=True)


@cache
def finder(languages: tuple[str, ...], brands: tuple[str, ...]) -> CueFinder:
    """The finder for all lists of some languages. A brand's name silences the cues inside it ("Best Buy")."""
    lists = [read(theme, language) for language in languages for theme in THEMES]
    names = [Cue("sentiment", brand.lower(), 0.0, "brand") for brand in brands if brand.strip()]
    return CueFinder([*names, *(cue for cues in lists for cue in cues)])


@Language.factory("leitstand_reading_v1", default_config={"languages": ["xx"], "brands": []})
def create_reading(nlp: Language, name: str, languages: Sequence[str], brands: Sequence[str]) -> Callable[[Doc], Doc]:
    cues = finder(tuple(languages), tuple(brands))

    def read_doc(doc: Doc) -> Doc:
        doc._.reading = read_post(doc.text, cues)
        return doc

    return read_doc


@Language.component("leitstand_sentiment_v1")
def judge_sentiment(doc: Doc) -> Doc:
    doc._.mood = sentiment.judge(doc._.reading)
    return doc


@Language.component("leitstand_urgency_v1")
def judge_urgency(doc: Doc) -> Doc:
    doc._.concern = urgency.judge(doc._.reading, doc._.mood)
    return doc


@Language.component("leitstand_intents_v1")
def judge_intents(doc: Doc) -> Doc:
    doc._.purposes = intents.judge(doc._.reading, doc._.mood, doc._.concern)
    return doc
