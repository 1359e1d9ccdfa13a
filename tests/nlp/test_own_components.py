"""Components of the operator's own, as a package brings them: what they answer is what is said."""

import pkgutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.model import Assessment, Intent, Mention, Sentiment, Urgency
from leitstand.settings import Nlp, Settings
from nlp import tokenizer
from nlp.components import COMPONENTS, LANGUAGE, finder
from nlp.folding import Folded
from nlp.intents import Purpose
from nlp.naming import ENTITIES, PRODUCTS
from nlp.pipeline import load
from nlp.reading import read_post
from nlp.sentiment import Mood
from nlp.signature import SIGNATURE
from nlp.tokenizer import SOURCE
from nlp.understanding import Understanding
from nlp.urgency import Concern

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@Language.factory("tests_mood", default_config={"word": "banane"})
def create_mood(nlp: Language, name: str, word: str) -> Callable[[Doc], Doc]:
    def judge(doc: Doc) -> Doc:
        liked = word in [token.lower_ for token in doc]
        doc._.understanding.mood = Mood(*((Sentiment.POSITIVE, 0.9) if liked else (Sentiment.NEGATIVE, -0.5)), ())
        return doc

    return judge


@Language.component("tests_urgent")
def judge_urgency(doc: Doc) -> Doc:
    doc._.understanding.concern = Concern(Urgency.HIGH, ())
    return doc


@Language.component("tests_churn")
def judge_intents(doc: Doc) -> Doc:
    doc._.understanding.purposes = (Purpose(Intent.CHURN, None),)
    return doc


@Language.component("tests_no_model")
def ask_nobody(doc: Doc) -> Doc:
    return doc


@Language.component("tests_reading")
def read_between_crosses(doc: Doc) -> Doc:
    finds = finder(("de", "en", "xx"), ())
    doc._.understanding = Understanding(read_post(doc.user_data[SOURCE].replace("x", " "), finds))
    return doc


@Language.component("tests_language")
def all_german(doc: Doc) -> Doc:
    assert [token.text for token in doc]
    doc._.spoken = ("de", 1.0)
    return doc


@Language.component("tests_normalisation")
def read_zeros_as_o(doc: Doc) -> Doc:
    doc._.folded = Folded(doc.user_data[SOURCE].lower().replace("0", "o"))
    return doc


@Language.component("tests_needs_reply")
def always_answered(doc: Doc) -> Doc:
    doc._.understanding.needs_reply = True
    return doc


def assess(text: str, **components: str) -> Assessment:
    settings = Settings(nlp=Nlp.model_validate({"components": components}))
    (found,) = load(settings).assess([Mention("x", "1", text, NOW, NOW)])
    return found


@pytest.mark.parametrize(
    "text",
    ["Diese Banane ist furchtbar schlecht", "C'est la vie, une banane pour tout le monde, je suis là", "banane 12"],
)
@pytest.mark.parametrize("components", [{}, {"model": "tests_no_model"}])
def test_their_feeling_stands_in_every_language(text: str, components: dict[str, str]) -> None:
    found = assess(text, sentiment="tests_mood", **components)
    assert (found.sentiment, found.sentiment_score) == (Sentiment.POSITIVE, 0.9)
    assert [reason for reason in found.reasons if reason.about == "sentiment"] == []


def test_their_urgency_and_intents_stand_in_every_language() -> None:
    for text in ("Schönes Wetter heute", "Où est mon colis, je suis là et tout le monde attend", "🚌"):
        found = assess(text, urgency="tests_urgent", intents="tests_churn")
        assert (found.urgency, found.needs_reply, found.intents) == (Urgency.HIGH, True, (Intent.CHURN,))


def test_they_may_read_a_post_in_their_own_way() -> None:
    text = "meinxKontoxwurdexgehackt"
    assert assess(text).intents != (Intent.SECURITY,)
    found = assess(text, reading="tests_reading")
    assert Intent.SECURITY in found.intents
    assert text in [text[reason.start : reason.end] for reason in found.reasons]


def test_their_language_chooses_the_lists_and_is_told() -> None:
    text = "the bad weather"
    assert assess(text).language == "en"
    found = assess(text, language="tests_language")
    assert (found.language, [reason.cue for reason in found.reasons if reason.cue == "bad"]) == ("de", [])


def test_their_normalisation_is_what_cues_are_looked_for_in() -> None:
    text = "Mein K0nto wurde gehackt"
    ours, theirs = (
        [text[reason.start : reason.end] for reason in found.reasons if reason.about == "security"]
        for found in (assess(text), assess(text, normalisation="tests_normalisation"))
    )
    assert text not in ours
    assert text in theirs


def test_their_word_on_an_answer_stands() -> None:
    assert assess("Schönes Wetter heute", needs_reply="tests_needs_reply").needs_reply
    assert not assess("Schönes Wetter heute").needs_reply


def test_spacy_finds_ours_by_the_names_that_the_package_declares() -> None:
    """Else a pipeline on disk could be read only where somebody has imported us before."""
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["entry-points"]
    assert set(declared["spacy_factories"]) == {*COMPONENTS.values(), LANGUAGE, PRODUCTS, ENTITIES, SIGNATURE}
    assert set(declared["spacy_tokenizers"]) == {tokenizer.NAME, tokenizer.WHOLE}
    for place in (*declared["spacy_factories"].values(), *declared["spacy_tokenizers"].values()):
        assert callable(pkgutil.resolve_name(place))
