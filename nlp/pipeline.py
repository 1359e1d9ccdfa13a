"""Mentions → Assessments: the language first, then one spaCy pipeline per language, batched.

    Mention ── language.detect ──► spacy.blank("de" | "en" | "xx") with our components ──► Assessment

German and English have their own lists and a trained model. A text of unknown language is read with both; of a known
language that is neither, only the signs that all languages share (emoji, emoticons) are read: its words say nothing.
"""

import gc
from collections.abc import Container, Iterable, Iterator, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.errors import ConfigurationError, Problem
from leitstand.model import Assessment, Intent, Mention, Reason, Sentiment, Urgency
from leitstand.settings import Nlp, Settings
from nlp import language, tokenizer, trained
from nlp.components import COMPONENTS, Understanding, finder, understanding
from nlp.cues import Hit
from nlp.folding import FIELD_BREAK
from nlp.naming import ENTITIES, PRODUCTS
from nlp.places import Place, joined
from nlp.reading import Reading, read_post
from nlp.verdict import Verdict

TEXT_LIMIT = 5_000
TITLE_LIMIT = 500

_LISTS = {"de": ("de", "xx"), "en": ("en", "xx"), language.UNKNOWN: ("de", "en", "xx")}
_OTHER = "xx"
# Whether a post complains, praises or chats is the model's to say: words alone do not tell.
_SURE = 0.9
_INTENTS = tuple(Intent)
_LEFT_TO_MODEL = (Intent.COMPLAINT, Intent.PRAISE, Intent.CHATTER)


class Assessor:
    """Assesses mentions. Building one reads the lists and the model; keep it for the life of the process."""

    def __init__(self, pipelines: dict[str, Language], model: str, theirs: Container[str] = ()) -> None:
        """`theirs` are the questions that components of the operator's own answer."""
        self._pipelines, self._theirs = pipelines, theirs
        self.model = model

    def assess(self, mentions: Sequence[Mention]) -> list[Assessment]:
        """One assessment per mention, in the order given.

        Only the first 5,000 characters of a text and 500 of a title are read; what stands behind them has no say.
        """
        return [_assessment(*found, self.model, self._theirs) for found in self.understand(mentions)]

    def explain(self, mentions: Sequence[Mention]) -> list[tuple[Assessment, Verdict]]:
        """The assessments with the probabilities behind them."""
        return [
            (_assessment(*found, self.model, self._theirs), found[0].verdict or _from_lists(found[0]))
            for found in self.understand(mentions)
        ]

    def understand(self, mentions: Sequence[Mention]) -> list[tuple[Understanding, str, int]]:
        """All that the components found in each mention, its language, and where its text begins in what was read."""
        whole = [f"{mention.title} {_text(mention)}" for mention in mentions]
        languages = [language.detect(text, mention.language) for text, mention in zip(whole, mentions, strict=True)]
        keys = [_pipeline_for(*found, text) for found, text in zip(languages, whole, strict=True)]
        results: dict[int, tuple[Understanding, str, int]] = {}
        for key, pipeline in self._pipelines.items():
            chosen = [index for index, own in enumerate(keys) if own == key]
            if not chosen:
                continue
            posts = [_joined(mentions[index]) for index in chosen]
            with pipeline.memory_zone():
                docs = _read(pipeline, [post for post, _ in posts])
                for index, (_, split), doc in zip(chosen, posts, docs, strict=True):
                    results[index] = understanding(doc), languages[index][0], split
        return [results[index] for index in range(len(mentions))]


def load(settings: Settings | None = None, model: str = "") -> Assessor:
    """An assessor with the shipped lists and model, or with what the operator's settings put in their place.

    The words of the brand's name and of its products' are no feelings ("Best Buy"). `model` is a folder that
    `leitstand train` wrote; it goes before the one in the settings.
    """
    chosen = settings.nlp if settings else Nlp()
    path = model or str(chosen.model or "")
    codes = {**_LISTS, _OTHER: (_OTHER,)}
    names = _names(settings) if settings else []
    pipelines = {code: build(code, lists, names, path, chosen) for code, lists in codes.items()}
    gc.freeze()  # the lists are here to stay: looking through them again and again would be a tenth of all time
    return Assessor(pipelines, trained.load(path).card.name, _theirs(chosen))


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
    config = {"nlp": {"tokenizer": {"@tokenizers": tokenizer.NAME if own.components else tokenizer.WHOLE}}}
    pipeline = spacy.blank(code if code in ("de", "en") else _OTHER, config=config)
    theirs = _theirs(own)
    for role, factory in (COMPONENTS | own.components).items():
        if role != "model" or code != _OTHER:
            config_of = _settings(role, lists, brands, model, theirs) if role not in theirs else {}
            _add(pipeline, role, factory, config_of)
    if own.products:
        _add(pipeline, "products", PRODUCTS, {"products": {name: list(own.products[name]) for name in own.products}})
    if own.entities:
        _add(pipeline, "entities", ENTITIES, {"package": own.entities})
    return pipeline


def _theirs(own: Nlp) -> list[str]:
    """The parts that components of the operator's own play."""
    return sorted(role for role, factory in own.components.items() if factory != COMPONENTS[role])


def _settings(
    role: str, lists: Sequence[str], brands: Sequence[str], model: str, theirs: Sequence[str]
) -> dict[str, object]:
    if role == "reading":
        return {"languages": list(lists), "brands": _felt(brands, lists)}
    return {"path": model, "theirs": list(theirs)} if role == "model" else {}


def _add(pipeline: Language, role: str, factory: str, config: dict[str, object]) -> None:
    if not pipeline.has_factory(factory):
        raise ConfigurationError([Problem(f"nlp.components.{role}", f"no spaCy factory {factory!r} is installed")])
    pipeline.add_pipe(factory, config=config)


def _read(pipeline: Language, texts: Iterable[str]) -> list[Doc]:
    """What `Language.pipe` does, a component at a time over the whole batch: a tenth of all time less."""
    docs = [pipeline.make_doc(text) for text in texts]
    for _, component in pipeline.pipeline:
        docs = list(component.pipe(docs)) if hasattr(component, "pipe") else [component(doc) for doc in docs]
    return docs


def _pipeline_for(code: str, confidence: float, text: str) -> str:
    """A language that is neither German nor English must be sure, or in other letters: else both are tried."""
    if code in ("de", "en"):
        return code
    return _OTHER if confidence >= _SURE or not language.is_latin(text) else language.UNKNOWN


def _text(mention: Mention) -> str:
    return mention.text[:TEXT_LIMIT]


def _joined(mention: Mention) -> tuple[str, int]:
    """What is read of a mention, and where its text begins. A title that the text repeats is not read twice."""
    text, title = _text(mention), mention.title[:TITLE_LIMIT]
    if not title or text.startswith(title.rstrip("…. ")):
        return text, 0
    return f"{title}{FIELD_BREAK}{text}", len(title) + 1


def _assessment(found: Understanding, code: str, split: int, model: str, theirs: Container[str]) -> Assessment:
    verdict = found.verdict or _from_lists(found)
    silent = _says_nothing(found.reading, verdict) and not ("model" in theirs and found.verdict)
    sentiment = Sentiment.UNKNOWN if silent and "sentiment" not in theirs else verdict.sentiment
    urgency = Urgency.NONE if silent and "urgency" not in theirs else verdict.urgency
    return Assessment(
        language=code,
        sentiment=sentiment,
        sentiment_score=0.0 if sentiment is Sentiment.UNKNOWN else verdict.score,
        urgency=urgency,
        intents=(Intent.CHATTER,) if silent and "intents" not in theirs else _intents(found, verdict),
        needs_reply=urgency >= Urgency.NORMAL,
        reasons=tuple(_reasons(found, _unsaid(verdict) if silent else verdict, split)),
        model=model,
        confidence=verdict.sureness,
    )


def _says_nothing(reading: Reading, verdict: Verdict) -> bool:
    """No cue of any list, and no word that the model could know."""
    if any(reading.hits.values()):
        return False
    return not verdict.feelings or not any(character.isalpha() for character in reading.text)


def _unsaid(verdict: Verdict) -> Verdict:
    """The verdict without the places that spoke for it: where nothing is answered, nothing spoke for it."""
    return verdict._replace(felt=(), pressing=(), meant={})


def _intents(found: Understanding, verdict: Verdict) -> tuple[Intent, ...]:
    """The model's intents and those that the lists are sure of; chatter only where there is no other."""
    listed = [purpose.intent for purpose in found.purposes if purpose.intent not in _LEFT_TO_MODEL]
    both = {*listed, *verdict.intents}
    return tuple(intent for intent in _INTENTS if intent in both and (intent is not Intent.CHATTER or len(both) == 1))


def _from_lists(found: Understanding) -> Verdict:
    """What the lists alone say, where no model was asked."""
    intents = tuple(purpose.intent for purpose in found.purposes)
    return Verdict(found.mood.sentiment, round(found.mood.score, 4), found.concern.urgency, intents, 1.0)


def _reasons(found: Understanding, verdict: Verdict, split: int) -> Iterator[Reason]:
    reading = found.reading
    for hit, weight in found.mood.parts:
        yield _of_list("sentiment", reading, hit, round(weight, 3), split)
    if verdict.sentiment is not Sentiment.UNKNOWN:
        sign = -1 if verdict.sentiment is Sentiment.NEGATIVE else 1
        yield from _of_model("sentiment", reading, verdict.felt, [hit for hit, _ in found.mood.parts], split, sign)
    if verdict.urgency > Urgency.NONE:
        for hit, level in found.concern.parts:
            yield _of_list("urgency", reading, hit, float(level), split)
        yield from _of_model("urgency", reading, verdict.pressing, [hit for hit, _ in found.concern.parts], split)
    for purpose in found.purposes:
        if purpose.hit is not None and (purpose.intent in verdict.intents or purpose.intent not in _LEFT_TO_MODEL):
            yield _of_list(purpose.intent.value, reading, purpose.hit, 1.0, split)
    for intent, places in verdict.meant.items():
        yield from _of_model(intent.value, reading, places, (), split)
    for name in found.names:
        yield _written(name.about, name.name, (name.start, name.end), 1.0, split)


def _of_model(
    about: str, reading: Reading, places: Sequence[Place], told: Sequence[Hit], split: int, sign: int = 1
) -> Iterator[Reason]:
    """The places that weighed most in the trained model and are not told by a cue already."""
    if told:
        places = [one for one in places if not any(one.overlaps(hit.start, hit.end) for hit in told)]
    for place in joined(places):
        start, end = reading.in_whole(place.start, place.end)
        origin = reading.folded.origin(start, end)
        yield _written(about, reading.text[start:end], origin, sign * place.weight, split, learned=True)


def _of_list(about: str, reading: Reading, hit: Hit, weight: float, split: int) -> Reason:
    return _written(about, hit.cue.pattern, reading.folded.origin(hit.start, hit.end), weight, split)


def _written(
    about: str, cue: str, place: tuple[int, int], weight: float, split: int, *, learned: bool = False
) -> Reason:
    """A reason by its place in what was read, which is the title and the text."""
    start, end = place
    if end < split:
        return Reason(about, cue, start, end, weight, "title", learned)
    return Reason(about, cue, max(0, start - split), end - split, weight, "text", learned)
