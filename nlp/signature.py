"""The near-duplicate signature of a post as a spaCy component: the numbers by which its copies are found.

The stories of the console are found by the same numbers, worked out where a story is looked for: there the network's
own word on the language counts, and the title where the text has too few words. This component is for pipelines of
one's own; it needs no other, and takes the language that one before it has found.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from spacy.language import Language
from spacy.tokens import Doc

from leitstand.likeness.signature import BANDS, Signature, signatures
from leitstand.likeness.words import words_of
from nlp.language import UNKNOWN
from nlp.tokenizer import source
from nlp.understanding import SPOKEN, Spoken

SIGNATURE = "leitstand_signature_v1"
_KEY = "leitstand_signature"
_BATCH = 512


class Signatures:
    """Signs whole batches at once. A post of fewer than five words has no signature."""

    def __init__(self, bands: int) -> None:
        self._bands = bands

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = _BATCH) -> Iterator[Doc]:
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            read = [(doc, words) for doc in batch if (words := words_of(source(doc))).enough]
            signed = signatures([(_language(doc), words) for doc, words in read], self._bands)
            for (doc, _), found in zip(read, signed, strict=True):
                doc.user_data[_KEY] = found
            yield from batch


def _language(doc: Doc) -> str:
    return Spoken(*doc.user_data.get(SPOKEN, (UNKNOWN, 0.0))).language


def signature(doc: Doc) -> Signature | None:
    """The signature of a document; None where it has too few words."""
    found = doc.user_data.get(_KEY)
    if found is None:
        return None
    same, beginning, bands = found
    return Signature(same, beginning, tuple(bands))


@Language.factory(SIGNATURE, default_config={"bands": BANDS}, assigns=["doc._.signature"])
def create_signatures(nlp: Language, name: str, bands: int) -> Signatures:
    """`bands`: the more of them two texts have, the surer a copy is met, and the more numbers are to be kept."""
    return Signatures(bands)


Doc.set_extension("signature", getter=signature, force=True)
