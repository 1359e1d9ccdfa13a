"""Optional components: products from the configuration, and entities from an installed spaCy package.

What they find is told among the reasons of an assessment, about "product" and "entity".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from leitstand.errors import ConfigurationError, Problem
from nlp.cues import Cue, CueFinder
from nlp.tokenizer import source
from nlp.understanding import Named, understanding

PRODUCTS, ENTITIES = "leitstand_products_v1", "leitstand_entities_v1"
_BATCH = 128


class Products:
    """Finds the products of the configuration, by any of their spellings."""

    def __init__(self, products: Mapping[str, Sequence[str]]) -> None:
        self._products = {name: tuple(spellings) for name, spellings in products.items()}
        cues = [Cue("product", one.lower(), 0.0, name) for name, own in self._products.items() for one in own]
        self._finder = CueFinder(cues) if cues else None

    def __reduce__(self) -> tuple[type, tuple[Mapping[str, Sequence[str]]]]:
        return type(self), (self._products,)

    def __call__(self, doc: Doc) -> Doc:
        so_far = understanding(doc)
        for hit in self._finder.find(so_far.reading.text).get("product", []) if self._finder else []:
            start, end = so_far.reading.folded.origin(hit.start, hit.end)
            so_far.names.append(Named("product", hit.cue.group, start, end))
        return doc


@Language.factory(PRODUCTS, default_config={"products": {}}, requires=["doc._.understanding"])
def create_products(nlp: Language, name: str, products: Mapping[str, Sequence[str]]) -> Products:
    """`products` gives each name its spellings; they are matched as whole words, in any case."""
    return Products(products)


class Entities:
    """Runs another spaCy pipeline over the posts for its entities alone."""

    def __init__(self, name: str) -> None:
        self._name, self._package = name, _package(name)

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return type(self), (self._name,)

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = _BATCH) -> Iterator[Doc]:
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            read = self._package.pipe([source(doc) for doc in batch])
            for doc, found in zip(batch, read, strict=True):
                names = understanding(doc).names
                names += [Named("entity", one.label_, one.start_char, one.end_char) for one in found.ents]
            yield from batch


@Language.factory(ENTITIES, default_config={"package": ""}, requires=["doc._.understanding"])
def create_entities(nlp: Language, name: str, package: str) -> Entities:
    return Entities(package)


@cache
def _package(name: str) -> Language:
    try:
        return spacy.load(name)
    except OSError as error:
        raise ConfigurationError([Problem("nlp.entities", f"no spaCy package {name!r} is installed")]) from error
