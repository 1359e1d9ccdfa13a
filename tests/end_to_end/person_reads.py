"""The package of an operator who reads the bundled day himself: a person's labels in the place of nlp's model."""

import msgspec
from spacy.language import Language
from spacy.tokens import Doc

from console import scenario
from leitstand.model import Intent, Sentiment, Urgency
from nlp.folding import FIELD_BREAK
from nlp.understanding import understanding
from nlp.verdict import Verdict


class Label(msgspec.Struct):
    """The part of a post's truth that the model would say."""

    sentiment: Sentiment
    urgency: int
    intents: tuple[Intent, ...]


def _key(title: str, text: str) -> str:
    return "".join((title + text).replace(FIELD_BREAK, "").split())


LABELS = {
    _key(post.form.get("title", ""), post.form["text"]): msgspec.convert(post.truth, Label) for post in scenario.posts()
}


@Language.component("person_reads_no_lists")
def no_lists(doc: Doc) -> Doc:
    """What the word lists take a post for has no say."""
    understanding(doc).purposes = ()
    return doc


@Language.component("person_reads")
def person_reads(doc: Doc) -> Doc:
    found = understanding(doc)
    label = LABELS[_key("", found.reading.original)]
    found.verdict = Verdict(label.sentiment, 0.0, Urgency(label.urgency), label.intents, 1.0, feelings=(1.0,))
    return doc
