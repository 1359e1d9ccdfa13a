"""The whole stage: any text, any order, any language; reasons that point at the words they name."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import Assessment, Intent, Mention, Sentiment, Urgency
from leitstand.settings import Brand, Nlp, Settings
from nlp.pipeline import TEXT_LIMIT, Assessor, build, load
from nlp.understanding import understanding

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def mention(text: str, *, title: str = "", language: str = "") -> Mention:
    return Mention("x", "1", text, NOW, NOW, title=title, language=language)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load(Settings(brand=Brand(name="Best Buy"), nlp=Nlp(products={"happy-cloud": ["Happy Cloud"]})))


def one(assessor: Assessor, text: str, *, title: str = "", language: str = "") -> Assessment:
    return assessor.assess([mention(text, title=title, language=language)])[0]


def about(assessment: Assessment, subject: str) -> list[str]:
    return [reason.cue for reason in assessment.reasons if reason.about == subject]


words = st.sampled_from(
    [
        "nicht",
        "gut",
        "kaputt",
        "GEHACKT",
        "great",
        "not",
        "@acme",
        "😡",
        "https://x.example/a",
        "\u200b",
        "sooo",
        "ﬁ",
        "İ",
        "?",
        "!!",
    ]
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.lists(words, max_size=40).map(" ".join),
    st.lists(words, max_size=40).map("".join),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
def test_any_text_is_assessed_with_valid_spans(assessor: Assessor, posts: list[tuple[str, str]]) -> None:
    mentions = [mention(text, title=title) for text, title in posts]
    found = assessor.assess(mentions)
    for together, alone in zip(found, (assessor.assess([single])[0] for single in mentions), strict=True):
        assert without_figures(together) == without_figures(alone)
        assert figures(together) == pytest.approx(figures(alone), abs=1.1e-3)  # a step of the last digit
    for given_mention, assessment in zip(mentions, found, strict=True):
        check(given_mention, assessment)


def without_figures(assessment: Assessment) -> Assessment:
    reasons = tuple(replace(reason, weight=0.0) for reason in assessment.reasons)
    return replace(assessment, sentiment_score=0.0, confidence=0.0, reasons=reasons)


def figures(assessment: Assessment) -> list[float]:
    """What is added up in another order among others, and so may be rounded to the next digit."""
    return [assessment.sentiment_score, assessment.confidence, *(reason.weight for reason in assessment.reasons)]


def check(given_mention: Mention, assessment: Assessment) -> None:
    assert -1 <= assessment.sentiment_score <= 1
    assert assessment.needs_reply == (assessment.urgency >= Urgency.NORMAL)
    assert assessment.intents
    if assessment.sentiment is Sentiment.UNKNOWN:
        assert assessment.sentiment_score == 0
    for reason in assessment.reasons:
        source = given_mention.title if reason.field == "title" else given_mention.text
        assert 0 <= reason.start < reason.end <= len(source)
        assert source[reason.start : reason.end].strip()


@pytest.mark.parametrize(
    ("text", "subject", "words"),
    [
        ("Mein Konto wurde gehackt!", "security", "Mein Konto wurde gehackt"),
        ("😀😀 Das ist 𝐬𝐞𝐡𝐫 schlecht  gelaufen, leider", "sentiment", "𝐬𝐞𝐡𝐫 schlecht"),
        ("Das ist soooo  schle\u00adcht", "sentiment", "soooo  schle\u00adcht"),
        ("I am  LOCKED   OUT of my account", "urgency", "LOCKED   OUT of my account"),
    ],
)
def test_a_reason_slices_to_the_words_as_written(assessor: Assessor, text: str, subject: str, words: str) -> None:
    assessment = one(assessor, text)
    spans = [text[reason.start : reason.end] for reason in assessment.reasons if reason.about == subject]
    assert words in spans


@pytest.mark.parametrize(
    "text", ["Gar nicht mal so schlecht", "That is not a bad idea", "Das ist keine schlechte Idee"]
)
def test_a_denied_fault_is_told_in_whole_words(assessor: Assessor, text: str) -> None:
    for reason in one(assessor, text).reasons:
        assert set(text[reason.start : reason.end].split()) <= set(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "every saas homepage now says AI powered. acme cloud, i pay you to hold my files, not to have thoughts",
        "seeing elevated 502s from acme cloud eu-central. anyone else? status page is all green",
        "Acme Cloud uploads have stalled at 3%. Divers are looking at me as if I had personally unplugged the sea.",
    ],
)
def test_words_are_told_once_and_not_across_sentences(assessor: Assessor, text: str) -> None:
    for about in ("sentiment", "urgency"):
        told = [reason for reason in one(assessor, text).reasons if reason.about == about]
        assert not [reason.cue for reason in told if reason.cue[0] in "?!"]
        places = sorted((reason.start, reason.end) for reason in told)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))


def test_a_title_counts_and_its_reasons_say_so(assessor: Assessor) -> None:
    assessment = one(assessor, "Seit heute Morgen, und niemand sagt etwas dazu.", title="Mein Internet ist ausgefallen")
    assert assessment.urgency is Urgency.HIGH
    assert {reason.field for reason in assessment.reasons if reason.cue == "ausgefallen"} == {"title"}


def test_a_title_that_the_text_repeats_is_read_once(assessor: Assessor) -> None:
    text = "Der Service ist schlecht und teuer"
    assert one(assessor, text, title="Der Service ist schlecht…").reasons == one(assessor, text).reasons


def test_only_the_first_5000_characters_are_read(assessor: Assessor) -> None:
    filler = "der Zug und die Bahn " * 300
    assert "gehackt" not in about(one(assessor, filler[:TEXT_LIMIT] + " mein Konto wurde gehackt"), "security")
    assert one(assessor, "Mein Konto wurde gehackt. " + filler).urgency is Urgency.CRITICAL


def test_results_come_in_the_order_asked(assessor: Assessor) -> None:
    posts = ["Der Service ist super", "This is terrible", "C'est la vie, mon ami, je suis là", "Das ist schlecht", ""]
    assert [found.language for found in assessor.assess([mention(post) for post in posts])] == [
        "de", "en", "fr", "de", "unknown"
    ]  # fmt: skip
    assert assessor.assess([]) == []


@pytest.mark.parametrize(
    "text", ["Der Bus fährt um acht Uhr an der Brücke ab.", "Die Sitzung beginnt am Montag um neun."]
)
def test_a_bare_fact_is_neutral(assessor: Assessor, text: str) -> None:
    assert one(assessor, text).sentiment is Sentiment.NEUTRAL


@pytest.mark.parametrize("text", ["", "...", "🚌🕗", "@acme", "https://acme.example/a", "12:30"])
def test_where_nothing_speaks_the_sentiment_is_unknown(assessor: Assessor, text: str) -> None:
    assessment = one(assessor, text)
    assert assessment.sentiment is Sentiment.UNKNOWN
    assert assessment.sentiment_score == 0


def test_a_known_other_language_is_not_read_with_the_wrong_list(assessor: Assessor) -> None:
    """ "bad" is German for bath and English for bad; in Spanish and French neither list has a say."""
    assessment = one(assessor, "El servicio es muy bueno pero la web no funciona desde ayer por la mañana")
    assert (assessment.language, assessment.sentiment, assessment.urgency) == ("es", Sentiment.UNKNOWN, Urgency.NONE)
    assert one(assessor, "No me gusta nada esto, es una vergüenza 😡😡").sentiment is Sentiment.NEGATIVE


def test_a_brand_name_is_not_a_feeling(assessor: Assessor) -> None:
    text = "The store of Happy Cloud is on the corner of the street"
    assert one(assessor, text).sentiment is Sentiment.NEUTRAL
    assert "happy" not in about(one(assessor, text), "sentiment")
    assert "happy" in about(one(load(), text), "sentiment")
    assert one(assessor, "The people at @SuperGreat are in the office").sentiment is Sentiment.NEUTRAL


@pytest.mark.parametrize(
    "called", [Settings(), Settings(brand=Brand(name="Brand")), Settings(brand=Brand(name="Feuer"))]
)
def test_a_brand_that_is_called_like_an_alarm_silences_none(called: Settings) -> None:
    text = "Bei uns brennt der Router, es ist Feuer zu sehen, der Brand wird größer!"
    assert one(load(called), text).urgency is one(load(), text).urgency is Urgency.CRITICAL


def test_the_pipeline_survives_being_written_and_read(tmp_path: Path, assessor: Assessor) -> None:
    pipeline = build("de", ("de", "xx"))
    pipeline.to_disk(tmp_path / "de")
    read = spacy.load(tmp_path / "de")
    posts = ["Na toll, schon wieder kaputt", "Danke, läuft wieder!"]
    assert moods(read.pipe(posts)) == moods(pipeline.pipe(posts))


def moods(docs: Iterable[spacy.tokens.Doc]) -> list[tuple[str, float]]:
    return [(found.mood.sentiment, found.mood.score) for found in map(understanding, docs)]


def test_every_post_has_an_intent_and_chatter_is_the_last_resort(assessor: Assessor) -> None:
    assert one(assessor, "Moin zusammen").intents == (Intent.CHATTER,)
