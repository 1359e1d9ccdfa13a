"""What the components have found in a post so far. It is kept on the post's Doc, and each component adds its part.

    doc._.spoken          its language                 doc._.understanding   all that was read, felt, wanted …
    doc._.folded          its text, as it is searched

All of it goes with the Doc through `to_bytes`, a `DocBin`, and the processes of `pipe(…, n_process=2)`: there it is one
string of bytes, which is read when it is asked for. Nothing in such bytes is ever run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

import msgspec
from spacy.tokens import Doc
from srsly import msgpack_encoders  # type: ignore[import-untyped]

from leitstand.errors import InputError
from leitstand.model import Sentiment, Urgency
from nlp.folding import Folded
from nlp.intents import Purpose
from nlp.reading import Reading
from nlp.sentiment import Mood
from nlp.urgency import Concern
from nlp.verdict import Verdict

DECLARED: Final = "leitstand_declared"
SPOKEN: Final = "leitstand_spoken"
FOLDED: Final = "leitstand_folded"
_KEY: Final = "leitstand_understanding"
_Kept = TypeVar("_Kept")
_UNFELT, _UNCONCERNED = Mood(Sentiment.UNKNOWN, 0.0, ()), Concern(Urgency.NONE, ())


class Spoken(NamedTuple):
    """The language of a post as an ISO 639-1 code or "unknown", and the confidence in it (0–1)."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the text as written: a product or an entity, and which."""

    about: str
    name: str
    start: int
    end: int


@dataclass(slots=True)
class Understanding:
    """What the components have found so far; each adds its own part. `verdict` is None where no model was asked."""

    reading: Reading
    mood: Mood = _UNFELT
    concern: Concern = _UNCONCERNED
    purposes: tuple[Purpose, ...] = ()
    verdict: Verdict | None = None
    needs_reply: bool = False
    names: list[Named] = field(default_factory=list)


def understanding(doc: Doc) -> Understanding:
    """What the pipeline found in a document."""
    found = doc.user_data.get(_KEY)
    if type(found) is not Understanding:
        found = doc.user_data[_KEY] = _unpacked(found, Understanding, "leitstand_reading_v1")
    return found


def understand(doc: Doc, found: Understanding) -> None:
    """Begin with what was read: for components that read a post in their own way."""
    doc.user_data[_KEY] = found


def folded(doc: Doc) -> Folded:
    """The text of a document as cues are looked for in it."""
    found = taken(doc)
    if found is None:
        return understanding(doc).reading.folded
    doc.user_data[FOLDED] = found
    return found


def taken(doc: Doc) -> Folded | None:
    """The same for the component that keeps it from then on; None where no component has folded it."""
    found = doc.user_data.pop(FOLDED, None)
    return found if found is None or type(found) is Folded else _unpacked(found, Folded, "leitstand_normalisation_v1")


def spoken(doc: Doc) -> Spoken:
    """The language of a document."""
    if (found := doc.user_data.get(SPOKEN)) is None:
        raise _missing("leitstand_language_v1")
    return Spoken(*found)


def _unpacked(found: object, kind: type[_Kept], component: str) -> _Kept:
    if not isinstance(found, bytes):
        raise _missing(component)
    return msgspec.msgpack.decode(found, type=kind)


def _missing(component: str) -> InputError:
    return InputError(f"no component has said this of the post: {component} does, earlier in the pipeline")


def _packed(found: object, chain: Callable[[object], object] | None = None) -> object:
    """What spaCy cannot write by itself."""
    if isinstance(found, Understanding | Folded):
        return msgspec.msgpack.encode(found)
    return found if chain is None else chain(found)


# Functions of this module, and not made here: where processes are not forked, spaCy hands them over by name.
def _keep_folded(doc: Doc, found: Folded) -> None:
    doc.user_data[FOLDED] = found


def _keep_spoken(doc: Doc, found: tuple[str, float]) -> None:
    doc.user_data[SPOKEN] = found


def _declare(doc: Doc, language: str) -> None:
    doc.user_data[DECLARED] = language


def declared(doc: Doc) -> str:
    """The language that the network declares; "" where it declares none."""
    language: str = doc.user_data.get(DECLARED, "")
    return language


msgpack_encoders.register("leitstand", func=_packed)
Doc.set_extension("understanding", getter=understanding, setter=understand, force=True)
Doc.set_extension("folded", getter=folded, setter=_keep_folded, force=True)
Doc.set_extension("spoken", getter=spoken, setter=_keep_spoken, force=True)
Doc.set_extension("declared", getter=declared, setter=_declare, force=True)
