"""The components in anybody's spaCy pipeline: by name, in batches, written and read, and in other processes."""

import pickle
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from leitstand.errors import InputError
from leitstand.model import Mention
from leitstand.settings import Nlp, Settings
from nlp import language, signature
from nlp.components import COMPONENTS, LANGUAGE
from nlp.naming import PRODUCTS
from nlp.pipeline import load
from nlp.understanding import Understanding, spoken, understanding
from triage.stories.prints import prints

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
PRODUCT = {"products": {"HomeHub": ["homehub"]}}
TEXTS = [
    "Mein Konto wurde gehackt!! Bitte helft mir",
    "",
    "Der HomeHub ist  soooo schle\u00adcht, seit 3 Stunden kein Internet",
    "Danke, läuft wieder 😀",
    "Bekannt?",
]


def pipeline(*, tokens: bool = True) -> Language:
    """All of our components behind spaCy's own tokenizer, or ours, in the order that they ask for."""
    config = {} if tokens else {"nlp": {"tokenizer": {"@tokenizers": "leitstand.WholePost.v1"}}}
    found = spacy.blank("de", config=config)
    lists = {"languages": ["de", "xx"]}
    found.add_pipe(LANGUAGE)
    for role, factory in COMPONENTS.items():
        found.add_pipe(factory, config=lists if role in ("normalisation", "reading") else {})
    found.add_pipe(PRODUCTS, config=PRODUCT)
    found.add_pipe(signature.SIGNATURE)
    return found


@pytest.fixture(scope="module")
def components() -> Language:
    return pipeline()


def found(doc: Doc) -> tuple[Understanding, object, object]:
    """What is kept on a document, without probabilities, which other batches round to other last digits."""
    so_far = understanding(doc)
    assert so_far.verdict is not None
    verdict = so_far.verdict._replace(
        score=0.0, sureness=0.0, felt=(), pressing=(), meant={}, feelings=(), levels=(), chances=()
    )
    return replace(so_far, verdict=verdict), doc._.spoken, doc._.signature


def all_found(docs: Iterable[Doc]) -> list[tuple[Understanding, object, object]]:
    return [found(doc) for doc in docs]


def test_any_pipeline_can_name_them(components: Language) -> None:
    doc = components(TEXTS[2])
    assert [token.text for token in doc][:2] == ["Der", "HomeHub"]
    assert doc._.spoken.language == "de"
    assert doc._.folded.text == "der homehub ist so schlecht, seit 3 stunden kein internet"
    assert doc._.understanding.needs_reply
    assert [named.name for named in doc._.understanding.names] == ["HomeHub"]
    assert len(doc._.signature.bands) == 12


@pytest.mark.parametrize("tokens", [True, False])
def test_one_by_one_or_in_batches_or_read_from_disk(tokens: bool, tmp_path: Path) -> None:
    ours = pipeline(tokens=tokens)
    expected = [found(ours(text)) for text in TEXTS]
    assert all_found(ours.pipe(TEXTS, batch_size=2)) == expected
    ours.to_disk(tmp_path / "ours")
    assert all_found(spacy.load(tmp_path / "ours").pipe(TEXTS)) == expected


def test_the_product_answers_as_they_do(components: Language) -> None:
    assessor = load(Settings(nlp=Nlp.model_validate(PRODUCT)))
    answers = assessor.assess([Mention("x", str(number), text, NOW, NOW) for number, text in enumerate(TEXTS)])
    for doc, answer in zip(components.pipe(TEXTS), answers, strict=True):
        if answer.language == "de":
            verdict = understanding(doc).verdict
            assert verdict is not None
            assert (verdict.sentiment, verdict.urgency) == (answer.sentiment, answer.urgency)
            assert understanding(doc).needs_reply == answer.needs_reply


def test_the_language_is_the_detectors_and_heeds_what_is_declared(components: Language) -> None:
    doc = components.make_doc("ok super")
    assert spoken(components(doc)) == language.detect("ok super")
    doc = components.make_doc("ok super")
    doc._.declared = "de"
    assert spoken(components(doc)) == language.detect("ok super", "de") != language.detect("ok super")


def test_copies_are_signed_alike_and_as_stories_are() -> None:
    alone = spacy.blank("xx")
    alone.add_pipe(signature.SIGNATURE)
    texts = ["Acme is down again since this morning", "RT @ana: acme is DOWN again, since this morning!", "too short"]
    one, copy, short = (doc._.signature for doc in alone.pipe(texts))
    assert one == copy
    assert short is None
    (told,) = prints([(1, Mention("x", "1", texts[0], NOW, NOW), language.UNKNOWN)])
    assert (one.bands, one.beginning) == (told.bands, told.beginning)
    assert one.same in told.keys


def test_documents_keep_it_all_through_bytes_and_in_a_docbin(components: Language) -> None:
    docs = list(components.pipe(TEXTS))
    expected = all_found(docs)
    assert all_found(Doc(components.vocab).from_bytes(doc.to_bytes()) for doc in docs) == expected
    kept = DocBin(store_user_data=True, docs=docs).to_bytes()
    assert all_found(DocBin().from_bytes(kept).get_docs(components.vocab)) == expected


def test_what_is_folded_and_not_yet_read_is_kept_too() -> None:
    folding, reading = spacy.blank("de"), spacy.blank("de")
    folding.add_pipe("leitstand_normalisation_v1")
    reading.add_pipe("leitstand_reading_v1")
    doc = Doc(folding.vocab).from_bytes(folding(TEXTS[2]).to_bytes())
    assert doc._.folded.text.startswith("der homehub ist")
    assert understanding(reading(doc)).reading.folded == understanding(reading(TEXTS[2])).reading.folded


def test_each_can_be_handed_to_another_process(components: Language) -> None:
    docs = [components.make_doc(text) for text in TEXTS]
    for _, component in components.pipeline:
        again = pickle.loads(pickle.dumps(component))
        docs = [again(doc) for doc in docs]
    assert all_found(docs) == [found(components(text)) for text in TEXTS]


_IN_TWO_PROCESSES = """
import sys, spacy
from nlp import components, signature
from nlp.understanding import understanding
from nlp.naming import PRODUCTS

if __name__ == "__main__":
    ours = spacy.load(sys.argv[1])
    for doc in ours.pipe(sys.argv[2:], n_process=2, batch_size=2):
        found = understanding(doc)
        print(doc._.spoken.language, found.mood.sentiment.value, int(found.verdict.urgency), found.needs_reply,
              [named.name for named in found.names], doc._.signature is not None)
"""


def test_two_processes_say_what_one_says(components: Language, tmp_path: Path) -> None:
    components.to_disk(tmp_path / "ours")
    (tmp_path / "two.py").write_text(_IN_TWO_PROCESSES)
    command = [sys.executable, str(tmp_path / "two.py"), str(tmp_path / "ours"), *TEXTS]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=_env(), capture_output=True, text=True, check=True
    )
    expected = []
    for doc in components.pipe(TEXTS):
        so_far = understanding(doc)
        assert so_far.verdict is not None
        names = [named.name for named in so_far.names]
        mood, level = so_far.mood.sentiment.value, int(so_far.verdict.urgency)
        signed = doc._.signature is not None
        expected.append(f"{doc._.spoken.language} {mood} {level} {so_far.needs_reply} {names} {signed}")
    assert done.stdout.splitlines() == expected


def _env() -> dict[str, str]:
    """The program above finds our packages, and has no use for more threads."""
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}


def problems(ours: Language) -> dict[str, list[str]]:
    """What components ask for and none before them gives."""
    told = ours.analyze_pipes()
    assert told is not None
    found: dict[str, list[str]] = told["problems"]
    return found


def test_what_comes_too_early_says_what_is_missing() -> None:
    early = spacy.blank("de")
    early.add_pipe("leitstand_sentiment_v1")
    with pytest.raises(InputError, match="leitstand_reading_v1"):
        early("Das ist schlecht")
    assert problems(early)["leitstand_sentiment_v1"] == ["doc._.understanding"]
    with pytest.raises(InputError, match="leitstand_language_v1"):
        spoken(early.make_doc("Das ist schlecht"))


def test_in_our_order_none_misses_another(components: Language) -> None:
    assert not any(problems(components).values())
