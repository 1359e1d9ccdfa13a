"""Why an answer is given: for every intent by a cue of a list, or by the words that weighed most in the model."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from console import scenario
from leitstand.model import Assessment, Intent, Mention, Reason, Sentiment, Urgency
from nlp.pipeline import Assessor, load

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
INTENTS = {intent.value for intent in Intent}


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load()


@pytest.fixture(scope="module")
def day(assessor: Assessor) -> list[tuple[str, Assessment]]:
    """The posts of the bundled day, and what is understood of them."""
    texts = [post.form["text"] for post in scenario.posts()]
    return list(zip(texts, assess(assessor, *texts), strict=True))


def assess(assessor: Assessor, *texts: str) -> list[Assessment]:
    return assessor.assess([Mention("x", str(number), text, NOW, NOW) for number, text in enumerate(texts)])


def told(found: Assessment, about: str) -> list[Reason]:
    return [reason for reason in found.reasons if reason.about == about]


def test_nearly_every_intent_urgency_and_feeling_has_a_reason(day: list[tuple[str, Assessment]]) -> None:
    asked: list[tuple[str, Callable[[Assessment], bool]]] = [
        *((intent.value, lambda found, one=intent: one in found.intents) for intent in Intent),
        ("urgency", lambda found: found.urgency > Urgency.NONE),
        ("sentiment", lambda found: found.sentiment in (Sentiment.NEGATIVE, Sentiment.POSITIVE)),
    ]
    given = [(about, found) for _, found in day for about, answers in asked if answers(found)]
    without = [about for about, found in given if not told(found, about)]
    assert len(without) <= len(given) / 200


def test_an_intent_is_named_by_a_cue_or_learned_and_never_both(day: list[tuple[str, Assessment]]) -> None:
    reasons = [told(found, about) for _, found in day for about in INTENTS]
    assert all(len({reason.learned for reason in one}) <= 1 for one in reasons)
    assert {reason.learned for one in reasons for reason in one} == {True, False}


def test_what_is_learned_is_told_in_few_whole_words(day: list[tuple[str, Assessment]]) -> None:
    for text, found in day:
        for about in INTENTS:
            learned = [reason for reason in told(found, about) if reason.learned]
            assert len(learned) <= 2
            for reason in learned:
                words = text[reason.start : reason.end]
                assert words.strip()
                assert reason.weight > 0
                assert not (text[reason.start - 1 : reason.start].isalnum() and words[0].isalnum())
                assert not (text[reason.end : reason.end + 1].isalnum() and words[-1].isalnum())


def test_a_question_that_no_word_asks_is_told_by_its_mark(assessor: Assessor) -> None:
    (found,) = assess(assessor, "@acme Seit fünf Minuten nur noch 503 auf allen drei Projekten. Bekannt?")
    assert [(reason.cue, reason.learned) for reason in told(found, "question")] == [("?", False)]


def test_the_sign_of_the_next_tag_is_not_told(assessor: Assessor) -> None:
    (found,) = assess(assessor, "claim claim claim #acme #airdrop #crane 🎁🎁🎁 https://claim.example/air?u=7")
    assert not [reason.cue for reason in found.reasons if reason.cue.endswith("#")]


@pytest.mark.parametrize("text", ["12345 678", "12:30", "🚌🕗", "...", "@acme", ""])
def test_where_nothing_is_said_nothing_is_answered_and_nothing_told(assessor: Assessor, text: str) -> None:
    (found,) = assess(assessor, text)
    assert (found.sentiment, found.urgency, found.intents) == (Sentiment.UNKNOWN, Urgency.NONE, (Intent.CHATTER,))
    assert found.reasons == ()


def test_of_very_many_cues_the_strongest_are_told_in_the_order_of_the_text(assessor: Assessor) -> None:
    text = "das ist okay und " * 100 + "das ist katastrophal. " + "das ist okay und " * 100
    (found,) = assess(assessor, text)
    listed = [reason for reason in told(found, "sentiment") if not reason.learned]
    assert len(listed) == 50
    assert [reason.start for reason in listed] == sorted(reason.start for reason in listed)
    assert "katastrophal" in {text[reason.start : reason.end] for reason in listed}
