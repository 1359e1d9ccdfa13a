"""What a training tells of itself, beside the model."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from leitstand.model import Intent, Sentiment, Urgency
from nlp import account, pipeline, site, trained
from nlp.account import Account
from nlp.labels import Label, Labelled
from nlp.site import Trained

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
POSTS = [
    *(
        Labelled(f"g{number}", f"Die Linie {number} war heute grau", Label(Sentiment.POSITIVE, Urgency.NONE))
        for number in range(35)
    ),
    *(
        Labelled(f"b{number}", f"Linie {number} komplett bunt, was nun?", Label(Sentiment.NEGATIVE, Urgency.HIGH))
        for number in range(35)
    ),
    Labelled("odd", "Die Linie 7 war | heute\ngrau", Label(Sentiment.NEGATIVE, Urgency.HIGH)),
]


@pytest.fixture(scope="module")
def found() -> Trained:
    return site.train(POSTS, trained.load(), pipeline.load(), NOW, lambda doing, share: None)


@pytest.fixture(scope="module")
def told(found: Trained) -> Account:
    return account.account(found, POSTS, NOW)


def test_it_tells_every_fold_of_every_question(told: Account) -> None:
    assert told.questions == ("sentiment", "urgency")
    assert {question: len(values) for question, values in told.folds.items()} == {"sentiment": 5, "urgency": 5}
    assert all(0 <= value <= 1 for values in told.folds.values() for value in values)


def test_it_measures_what_was_held_out_as_the_card_does(told: Account, found: Trained) -> None:
    (sentiment,) = (one for one in told.figures if (one.question, one.language) == ("sentiment", "all"))
    assert sentiment.accuracy == pytest.approx(found.card.figures["sentiment accuracy"], abs=1e-3)
    assert sum(map(sum, sentiment.confusion)) == len(POSTS)
    assert {one.question for one in told.figures} == {"sentiment", "urgency", "high", "critical", "needs_reply"}


def test_questions_that_were_not_learned_are_left_out(told: Account) -> None:
    assert not [one for one in told.figures if one.question.startswith("intent ")]
    assert {one.question for one in told.cutoffs} == {"sentiment", "high", "critical", "needs_reply"}


def test_words_are_told_only_when_asked_for(told: Account, found: Trained) -> None:
    assert told.mistakes and not any(mistake.text for mistake in told.mistakes)
    shown = account.account(found, POSTS, NOW, texts=True)
    assert any("grau" in mistake.text for mistake in shown.mistakes)


def test_both_files_say_the_same(tmp_path: Path, told: Account, found: Trained) -> None:
    account.write(tmp_path, account.account(found, POSTS, NOW, texts=True))
    read = json.loads((tmp_path / account.JSON).read_text())
    text = (tmp_path / account.TEXT).read_text()
    assert read["calibration"]["high"] == told.calibration.high
    assert msgspec.convert(read, Account).folds == told.folds
    assert f"| high from | {told.calibration.high:.2f} |" in text
    for title in ("By fold", "By question and language", "sentiment", "Calibration", "Surest mistakes"):
        assert f"## {title}" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_intents_are_told_one_by_one() -> None:
    posts = [
        Labelled(f"i{number}", f"{'Wie lange' if number % 2 else 'Danke'} Nummer {number}", Label(intents=own))
        for number, own in enumerate([(Intent.PRAISE,), (Intent.QUESTION,)] * 30)
    ]
    found = site.train(posts, trained.load(), pipeline.load(), NOW, lambda doing, share: None)
    told = account.account(found, posts, NOW)
    assert {f"intent {intent.value}" for intent in Intent} == {one.question for one in told.figures}
