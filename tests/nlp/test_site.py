"""A site's own model: better on the site's posts, the same when read back, and never put in place of a better one."""

import random
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from leitstand.errors import ConfigurationError, InputError
from leitstand.model import Mention, Sentiment, Urgency
from nlp import pipeline, site, trained
from nlp.evaluation import evaluate
from nlp.labels import Label, Labelled
from nlp.measures import is_worse
from nlp.site import Trained

DAY = Path(__file__).parents[2] / "console" / "demo" / "bad_tuesday.jsonl"
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)

# A house that calls its good days "grau" and its bad ones "bunt": nothing that the shipped model could know.
GOOD = [f"Die Linie {number} war heute wieder grau, wie immer am {day}" for number in range(20) for day in ("Mo", "Di")]
BAD = [f"Linie {number} am {day} komplett bunt gewesen" for number in range(20) for day in ("Mi", "Do")]
POSTS = [
    *(Labelled(f"g{place}", text, Label(sentiment=Sentiment.POSITIVE)) for place, text in enumerate(GOOD)),
    *(Labelled(f"b{place}", text, Label(sentiment=Sentiment.NEGATIVE)) for place, text in enumerate(BAD)),
]


class Truth(msgspec.Struct):
    sentiment: Sentiment
    urgency: int


class Told(msgspec.Struct):
    """A post of the bundled day, and what is true of it."""

    text: str
    truth: Truth


@pytest.fixture(scope="module")
def shipped() -> pipeline.Assessor:
    return pipeline.load()


@pytest.fixture(scope="module")
def own(shipped: pipeline.Assessor) -> Trained:
    return site.train(POSTS, trained.load(), shipped, NOW, lambda doing, share: None)


def test_it_learns_what_the_shipped_model_cannot_know(own: Trained) -> None:
    assert own.card.figures["sentiment accuracy"] > 0.95 > own.shipped["sentiment accuracy"]
    assert own.card.questions == ("sentiment",)
    assert not is_worse(own.card.figures, own.shipped)


def test_it_is_the_same_when_read_back_and_leaves_other_questions_alone(
    tmp_path: Path, own: Trained, shipped: pipeline.Assessor
) -> None:
    trained.save(tmp_path / "own", own.card, own.own)
    read = pipeline.load(model=str(tmp_path / "own"))
    post = Mention("x", "1", "Heute war es wieder grau", NOW, NOW)
    (ours,), (theirs,) = read.assess([post]), shipped.assess([post])
    assert ours.sentiment is Sentiment.POSITIVE
    assert any("grau" in reason.cue for reason in ours.reasons if reason.about == "sentiment")
    assert (ours.urgency, ours.intents) == (theirs.urgency, theirs.intents)
    assert ours.model == own.card.name != theirs.model


def test_a_worse_model_is_seen_to_be_worse(tmp_path: Path, own: Trained, shipped: pipeline.Assessor) -> None:
    trained.save(tmp_path / "own", own.card, own.own)
    dice = random.Random(5)
    turned = [
        Labelled(post.id, f"{post.text}!", Label(sentiment=dice.choice([Sentiment.POSITIVE, Sentiment.NEGATIVE])))
        for post in POSTS
    ]
    bad = site.train(turned, trained.load(), shipped, NOW, lambda doing, share: None)
    known = site.compare(own, POSTS, trained.load(str(tmp_path / "own")), shipped, NOW)
    assert (known.posts, is_worse(known.new, known.old)) == (0, False)
    assert is_worse(bad.card.figures, own.card.figures)


def test_its_own_lean_takes_the_place_of_those_of_the_languages(own: Trained) -> None:
    assert trained.load().card.calibration.leans and not own.card.calibration.leans


def test_balanced_finds_what_is_rare(shipped: pipeline.Assessor) -> None:
    dice = random.Random(3)
    rare = [
        Labelled(
            f"r{number}",
            f"Linie {number} {'bunt' if dice.random() < (0.6 if number % 9 == 0 else 0.3) else 'grau'}",
            Label(sentiment=Sentiment.NEGATIVE if number % 9 == 0 else Sentiment.NEUTRAL),
        )
        for number in range(180)
    ]
    often, rarely = (
        site.train(rare, trained.load(), shipped, NOW, lambda doing, share: None, balanced)
        for balanced in (False, True)
    )
    assert rarely.card.figures["sentiment macro-recall"] > often.card.figures["sentiment macro-recall"]
    assert rarely.card.figures["sentiment accuracy"] < often.card.figures["sentiment accuracy"]


@pytest.mark.parametrize("posts", [60, 120])
def test_few_posts_make_nothing_worse(shipped: pipeline.Assessor, posts: int) -> None:
    """The bundled day is no part of what the shipped weights were taught."""
    day = [msgspec.json.decode(line, type=Told) for line in DAY.read_bytes().splitlines()]
    chosen = [day[place] for place in np.random.default_rng(posts).permutation(len(day))[:posts]]
    labelled = [
        Labelled(str(place), post.text, Label(post.truth.sentiment, Urgency(post.truth.urgency)))
        for place, post in enumerate(chosen)
    ]
    few = site.train(labelled, trained.load(), shipped, NOW, lambda doing, share: None)
    assert few.card.questions == ("sentiment", "urgency")
    assert not is_worse(few.card.figures, few.shipped)
    assert few.card.figures["sentiment accuracy"] >= few.shipped["sentiment accuracy"]


def test_too_few_labels_are_refused(shipped: pipeline.Assessor) -> None:
    with pytest.raises(InputError, match="50 labelled posts"):
        site.train(POSTS[:20], trained.load(), shipped, NOW, lambda doing, share: None)


def test_a_folder_that_is_no_model_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a trained model"):
        pipeline.load(model=str(tmp_path))
    (tmp_path / trained.CARD).write_text('{"name": "x"}')
    (tmp_path / trained.WEIGHTS).write_bytes(b"no zip")
    with pytest.raises(ConfigurationError, match="not a trained model"):
        pipeline.load(model=str(tmp_path))


def test_an_evaluation_tells_every_question_there_is_a_label_for(shipped: pipeline.Assessor) -> None:
    report = evaluate(shipped, POSTS, NOW)
    sentiment = report.of("sentiment")
    assert sentiment is not None and sentiment.posts == len(POSTS)
    assert sum(map(sum, sentiment.confusion)) == len(POSTS)
    assert {figures.question for figures in report.figures} == {"sentiment"}
    assert 0 <= sentiment.ece <= 1 and sentiment.accuracy == pytest.approx(sum(
        row[place] for place, row in enumerate(sentiment.confusion)
    ) / len(POSTS))  # fmt: skip
    assert all(mistake.truth != mistake.answer for mistake in report.mistakes)
