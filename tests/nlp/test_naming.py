"""What an operator adds: products by name, entities of a spaCy package, components of his own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.errors import ConfigurationError
from leitstand.model import Mention, Reason, Sentiment, Urgency
from leitstand.settings import Nlp, Settings
from nlp.pipeline import load, problems
from nlp.understanding import understanding
from nlp.urgency import Concern

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
TEXT = "Mein HomeHub  Pro ist kaputt, HomeHubs sind Schrott"


def mention(text: str, title: str = "") -> Mention:
    return Mention("x", "1", text, NOW, NOW, title=title)


def about(reasons: tuple[Reason, ...], subject: str) -> list[tuple[str, str]]:
    return [(reason.cue, TEXT[reason.start : reason.end]) for reason in reasons if reason.about == subject]


def test_products_are_found_as_whole_words_in_any_case() -> None:
    assessor = load(Settings(nlp=Nlp(products={"HomeHub": ["homehub", "homehub pro"], "Schrott GmbH": ["Schrott AG"]})))
    (found,) = assessor.assess([mention(TEXT)])
    assert about(found.reasons, "product") == [("HomeHub", "HomeHub  Pro")]
    (titled,) = assessor.assess([mention("Wann kommt er?", title="Der HomeHub")])
    assert [reason.field for reason in titled.reasons if reason.about == "product"] == ["title"]


def test_entities_come_from_an_installed_package(tmp_path: Path) -> None:
    other = spacy.blank("de")
    other.add_pipe("entity_ruler").add_patterns([{"label": "PRODUCT", "pattern": "HomeHubs"}])  # type: ignore[attr-defined]
    other.to_disk(tmp_path / "package")
    (found,) = load(Settings(nlp=Nlp(entities=str(tmp_path / "package")))).assess([mention(TEXT)])
    assert about(found.reasons, "entity") == [("PRODUCT", "HomeHubs")]


@Language.component("tests_always_urgent")
def always_urgent(doc: Doc) -> Doc:
    assert doc.text == understanding(doc).reading.original
    understanding(doc).concern = Concern(Urgency.CRITICAL, ())
    return doc


def test_a_component_of_the_operator_takes_the_place_of_ours() -> None:
    (found,) = load(Settings(nlp=Nlp(components={"urgency": "tests_always_urgent"}))).assess(
        [mention("Schönes Wetter heute")]
    )
    assert found.urgency is Urgency.CRITICAL
    assert found.sentiment is Sentiment.POSITIVE


@pytest.mark.parametrize("settings", [Nlp(components={"model": "no_such_factory"}), Nlp(entities="no_such_package")])
def test_what_is_not_installed_is_a_configuration_error(settings: Nlp) -> None:
    with pytest.raises(ConfigurationError, match="no_such"):
        load(Settings(nlp=settings))


@Language.factory("tests_broken")
def create_broken(nlp: Language, name: str) -> Doc:
    raise KeyError("weights")


def test_all_that_is_wrong_is_told_in_one_go(tmp_path: Path) -> None:
    components = {"intents": "no_such_factory", "language": "no_such_language", "sentiment": "tests_always_urgent"}
    settings = Nlp.model_validate({"model": tmp_path, "entities": "no_such_package", "components": components})
    with pytest.raises(ConfigurationError) as told:
        load(Settings(nlp=settings))
    parts = [problem.path for problem in told.value.problems]
    assert parts == ["nlp.components.intents", "nlp.components.language", "nlp.entities", "nlp.model"]


def test_what_a_component_of_the_operator_raises_is_among_what_is_wrong(tmp_path: Path) -> None:
    wrong = Nlp.model_validate({"components": {"intents": "no_such_factory", "urgency": "tests_broken"}})
    assert [(problem.path, problem.message) for problem in problems(wrong, str(tmp_path))[1:]] == [
        ("nlp.components.intents", "no spaCy factory 'no_such_factory' is installed"),
        ("nlp.components.urgency", "KeyError: 'weights'"),
    ]
    assert problems(wrong, str(tmp_path))[0].path == "nlp.model"


def test_nothing_is_wrong_with_what_can_be_loaded() -> None:
    assert problems(Nlp()) == []
    assert problems(Nlp(components={"needs_reply": "tests_always_urgent"}, products={"HomeHub": ["home hub"]})) == []


def test_what_a_component_of_the_operator_raises_reaches_whoever_loads_it() -> None:
    with pytest.raises(KeyError, match="weights"):
        load(Settings(nlp=Nlp(components={"urgency": "tests_broken"})))
