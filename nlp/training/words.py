"""Writes down which words the shipped model can know (`nlp.known`): those of the lists, and of the posts of our own.

    python -m nlp.training.words

Again after posts or lines were added; what is missing is only told as a word that was never read.
"""

from collections.abc import Iterator

from nlp.components import finder
from nlp.folding import fold
from nlp.known import WORDS, words_in
from nlp.language import small_words
from nlp.training.gather import CORPUS, LANGUAGES


def main() -> None:
    WORDS.write_text("\n".join(sorted(gathered())) + "\n", encoding="utf-8")


def gathered() -> set[str]:
    """All the words, in the spelling in which posts are read."""
    listed = finder((*LANGUAGES, "xx"), ()).words
    return {word for text in (*_posts(), *small_words(), *listed) for word in words_in(fold(text).text)}


def _posts() -> Iterator[str]:
    for path in sorted(CORPUS.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                yield line.rsplit("\t", 1)[-1].replace("\\n", "\n")


if __name__ == "__main__":
    main()
