"""Optional components: products from the configuration, and entities from an installed spaCy package.

What they find is told among the reasons of an assessment, about "product" and "entity".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.errors import ConfigurationError, Problem
from nlp.components import Named, understanding
from nlp.cues import Cue, CueFinder
from nlp.tokenizer import SOURCE

PRODUCTS, ENTITIES = "leitstand_products_v1", "leitstand_entities_v1"
_BATCH = 128


@Language.factory(PRODUCTS, default_config={"products": {}})
def create_products(nlp: Language, name: str, products: Mapping[str, Sequence[str]]) -> Callable[[Doc], Doc]:
    """`products` gives each name its spellings; they are matched as whole words, in any case."""
    cues = [Cue("product", spelling.lower(), 0.0, product) for product, own in products.items() for spelling in own]
    finder = CueFinder(cues) if cues else None

    def find(doc: Doc) -> Doc:
        so_far = understanding(doc)
        for hit in finder.find(so_far.reading.text).get("product", []) if finder else []:
            start, end = so_far.reading.folded.origin(hit.start, hit.end)
            so_far.names.append(Named("product", hit.cue.group, start, end))
        return doc

    return find


class Entities:
    """Runs another spaCy pipeline over the posts for its entities alone."""

    def __init__(self, package: Language) -> None:
        self._package = package

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = _BATCH) -> Iterator[Doc]:
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            read = self._package.pipe([doc.user_data[SOURCE] for doc in batch])
            for doc, found in zip(batch, read, strict=True):
                names = understanding(doc).names
                names += [Named("entity", one.label_, one.start_char, one.end_char) for one in found.ents]
            yield from batch


@Language.factory(ENTITIES, default_config={"package": ""})
def create_entities(nlp: Language, name: str, package: str) -> Entities:
    return Entities(_package(package))


@cache
def _package(name: str) -> Language:
    try:
        return spacy.load(name)
    except OSError as error:
        raise ConfigurationError([Problem("nlp.entities", f"no spaCy package {name!r} is installed")]) from error
