"""Mentions → Assessments: the language first, then one spaCy pipeline per language, batched.

    Mention ─► spacy.blank("xx") with the language ─► spacy.blank("de" | "en" | "xx") with the rest ─► Assessment

German and English have their own lists and a trained model. A text of unknown language is read with both; of a known
language that is neither, only the signs that all languages share (emoji, emoticons) are read: its words say nothing.
"""

import gc
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.errors import ConfigurationError, Problem
from leitstand.model import Assessment, Mention
from leitstand.settings import Nlp, Settings
from nlp import language, tokenizer, trained
from nlp.answers import answer, assessment
from nlp.components import COMPONENTS, LANGUAGE, finder
from nlp.folding import FIELD_BREAK
from nlp.naming import ENTITIES, PRODUCTS
from nlp.reading import read_post
from nlp.tokenizer import PostTokenizer, source
from nlp.understanding import DECLARED, SPOKEN, Understanding, spoken, understanding
from nlp.verdict import Verdict

TEXT_LIMIT = 5_000
TITLE_LIMIT = 500

_LISTS = {"de": ("de", "xx"), "en": ("en", "xx"), language.UNKNOWN: ("de", "en", "xx")}
_OTHER = "xx"
_SURE = 0.9
_STANDARD = COMPONENTS | {"language": LANGUAGE}


class Assessor:
    """Assesses mentions. Building one reads the lists and the model; keep it for the life of the process."""

    def __init__(
        self, languages: Language, pipelines: dict[str, Language], model: str, theirs: Container[str] = ()
    ) -> None:
        """`languages` is the pipeline that finds the language, by which the others are chosen; `theirs` are the
        questions that components of the operator's own answer."""
        self._languages, self._pipelines, self._theirs = languages, pipelines, theirs
        self.model = model

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        """One assessment per mention, in the order given.

        Only the first 5,000 characters of a text and 500 of a title are read; what stands behind them has no say.
        """
        return [assessment(*found, self.model, self._theirs) for found in self.understand(mentions)]

    def explain(self, mentions: Sequence[Mention]) -> list[tuple[Assessment, Verdict]]:
        """The assessments with the probabilities behind them."""
        return [
            (assessment(*found, self.model, self._theirs), answer(found[0], self._theirs))
            for found in self.understand(mentions)
        ]

    def understand(self, mentions: Sequence[Mention]) -> list[tuple[Understanding, str, int]]:
        """All that the components found in each mention, its language, and where its text begins in what was read."""
        posts = [_joined(mention) for mention in mentions]
        results: dict[int, tuple[Understanding, str, int]] = {}
        with self._languages.memory_zone():
            docs = _through(self._languages, _declared(self._languages, mentions, posts))
            keys = [_pipeline_for(doc) for doc in docs]
            for key, pipeline in self._pipelines.items():
                chosen = [index for index, own in enumerate(keys) if own == key]
                if not chosen:
                    continue
                with pipeline.memory_zone():
                    handed = [_handed(docs[index], pipeline) for index in chosen]
                    for index, doc in zip(chosen, _through(pipeline, handed), strict=True):
                        results[index] = understanding(doc), spoken(doc).language, posts[index][1]
        return [results[index] for index in range(len(mentions))]


def load(settings: Settings | None = None, model: str = "") -> Assessor:
    """An assessor with the shipped lists and model, or with what the operator's settings put in their place.

    The words of the brand's name and of its products' are no feelings ("Best Buy"). `model` is a folder that
    `leitstand train` wrote; it goes before the one in the settings. Raises ConfigurationError with all that is wrong.
    """
    chosen = settings.nlp if settings else Nlp()
    path = model or str(chosen.model or "")
    names = _names(settings) if settings else []
    try:
        found = _assembled(chosen, path, names)
    except ConfigurationError as error:
        raise ConfigurationError(problems(chosen, path) or error.problems) from error
    gc.freeze()  # the lists are here to stay: looking through them again and again would be a tenth of all time
    return found


def problems(own: Nlp, model: str = "") -> list[Problem]:
    """Everything that keeps an assessor from being loaded: the model, the packages and the components, each by itself.

    What a component of the operator's own raises is told in its own words.
    """
    parts: dict[str, Callable[[], object]] = {"model": partial(trained.load, model or str(own.model or ""))}
    chosen = {str(role): factory for role, factory in own.components.items()}
    parts |= {f"components.{role}": partial(_alone, role, chosen[role], own) for role in _theirs(own)}
    for key, add in (("products", _add_products), ("entities", _add_entities)):
        parts[key] = partial(add, _blank(_OTHER, own), own)
    return [problem for key, make in parts.items() for problem in _wrong(f"nlp.{key}", make)]


def _wrong(path: str, make: Callable[[], object]) -> list[Problem]:
    try:
        make()
    except ConfigurationError as error:
        return error.problems
    except Exception as error:  # noqa: BLE001  somebody's own code may raise anything
        return [Problem(path, f"{type(error).__name__}: {error}")]
    return []


def _alone(role: str, factory: str, own: Nlp) -> None:
    """Make a component of the operator's own as each pipeline would."""
    for code in (_OTHER,) if role == "language" else ("de", "en", _OTHER):
        _add(_blank(code, own), role, factory, {})


def _assembled(own: Nlp, path: str, names: Sequence[str]) -> Assessor:
    codes = {**_LISTS, _OTHER: (_OTHER,)}
    pipelines = {code: build(code, lists, names, path, own) for code, lists in codes.items()}
    return Assessor(_finding_languages(own), pipelines, trained.load(path).card.name, _theirs(own))


def _names(settings: Settings) -> list[str]:
    """What the brand and its products are called. The brand's name by default says nothing ("Brand" is a fire)."""
    products = settings.nlp.products
    named = [settings.brand.name] if "name" in settings.brand.model_fields_set else []
    return [*named, *products, *(name for names in products.values() for name in names)]


def _felt(names: Iterable[str], lists: Sequence[str]) -> list[str]:
    """Those of some names that the lists would take for a feeling, but none that they take for an alarm."""
    cues = finder(tuple(lists), ())
    found = [(name, read_post(name, cues).hits) for name in names]
    return [name for name, hits in found if hits.get("sentiment") and not hits.get("urgency")]


def build(
    code: str, lists: Sequence[str], brands: Sequence[str] = (), model: str = "", settings: Nlp | None = None
) -> Language:
    """The blank spaCy pipeline for one language with our components, or the operator's in their place."""
    own = settings or Nlp()
    pipeline = _blank(code if code in ("de", "en") else _OTHER, own)
    theirs = _theirs(own)
    chosen = _STANDARD | {str(role): factory for role, factory in own.components.items()}
    for role in COMPONENTS:
        factory = chosen[role]
        if role != "model" or code != _OTHER:
            config_of = _settings(role, lists, brands, model, own) if role not in theirs else {}
            _add(pipeline, role, factory, config_of)
    _add_products(pipeline, own)
    _add_entities(pipeline, own)
    return pipeline


def _add_products(pipeline: Language, own: Nlp) -> None:
    if own.products:
        _add(pipeline, "products", PRODUCTS, {"products": {name: list(own.products[name]) for name in own.products}})


def _add_entities(pipeline: Language, own: Nlp) -> None:
    if own.entities:
        _add(pipeline, "entities", ENTITIES, {"package": own.entities})


def _finding_languages(own: Nlp) -> Language:
    pipeline = _blank(_OTHER, own)
    _add(pipeline, "language", own.components.get("language", LANGUAGE), {})
    return pipeline


def _blank(code: str, own: Nlp) -> Language:
    config = {"nlp": {"tokenizer": {"@tokenizers": tokenizer.NAME if own.components else tokenizer.WHOLE}}}
    return spacy.blank(code, config=config)


def _theirs(own: Nlp) -> list[str]:
    """The parts that components of the operator's own play."""
    return sorted(role for role, factory in own.components.items() if factory != _STANDARD[role])


def _settings(role: str, lists: Sequence[str], brands: Sequence[str], model: str, own: Nlp) -> dict[str, object]:
    if role in ("normalisation", "reading"):
        return {"languages": list(lists), "brands": _felt(brands, lists)}
    return {"path": model, "theirs": _theirs(own), "unknown_below": own.unknown_below} if role == "model" else {}


def _add(pipeline: Language, role: str, factory: str, config: dict[str, object]) -> None:
    if not pipeline.has_factory(factory):
        raise ConfigurationError([Problem(f"nlp.components.{role}", f"no spaCy factory {factory!r} is installed")])
    pipeline.add_pipe(factory, config=config)


def _declared(pipeline: Language, mentions: Sequence[Mention], posts: Sequence[tuple[str, int]]) -> Iterator[Doc]:
    """A Doc for each post, with the language that its network declares."""
    for mention, (text, _) in zip(mentions, posts, strict=True):
        doc = pipeline.make_doc(text)
        if mention.language:
            doc.user_data[DECLARED] = mention.language
        yield doc


def _through(pipeline: Language, docs: Iterable[Doc]) -> list[Doc]:
    """What `Language.pipe` does, a component at a time over the whole batch: a tenth of all time less."""
    docs = list(docs)
    for _, component in pipeline.pipeline:
        docs = list(component.pipe(docs)) if hasattr(component, "pipe") else [component(doc) for doc in docs]
    return docs


def _handed(doc: Doc, pipeline: Language) -> Doc:
    """The Doc for the pipeline of its language: another one only where that cuts it into tokens of its own."""
    if not isinstance(pipeline.tokenizer, PostTokenizer):
        return doc
    cut = pipeline.make_doc(source(doc))
    cut.user_data[SPOKEN] = doc.user_data[SPOKEN]
    return cut


def _pipeline_for(doc: Doc) -> str:
    """A language that is neither German nor English must be sure, or in other letters: else both are tried."""
    code, confidence = spoken(doc)
    if code in ("de", "en"):
        return code
    return _OTHER if confidence >= _SURE or not language.is_latin(source(doc)) else language.UNKNOWN


def _text(mention: Mention) -> str:
    return mention.text[:TEXT_LIMIT]


def _joined(mention: Mention) -> tuple[str, int]:
    """What is read of a mention, and where its text begins. A title that the text repeats is not read twice."""
    text, title = _text(mention), mention.title[:TITLE_LIMIT]
    if not title or text.startswith(title.rstrip("…. ")):
        return text, 0
    return f"{title}{FIELD_BREAK}{text}", len(title) + 1
