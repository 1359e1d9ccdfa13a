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
from nlp.pipeline import load
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
