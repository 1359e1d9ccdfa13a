"""Whether the shipped model can know anything of a post: a word that was ever read, in a list or in what taught it.

Letters alone always look like something. Where there is nothing else, what the network says of the feeling is a guess:
random letters were "positive", and words of a language that looks like German "negative".
"""

import re
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "models" / "words.txt"
_WORD = re.compile(r"[^\W\d_]{2,}")
_PART = 4  # letters: so much of a word's beginning or end is known as a part of it ("Überwachungsstaat")
_SEVERAL = 2
_READ = 60  # words; of so many one is known, or none ever will be


def words_in(text: str) -> list[str]:
    """The words of a folded text."""
    return _WORD.findall(text)


def says_nothing_known(text: str, *, neutral: bool) -> bool:
    """No word of a folded text is known, wholly or by its beginning or end.

    A single new word may be a name, and `neutral` is right of a bare name.
    """
    words = words_in(text)[:_READ]
    return len(words) >= (_SEVERAL if neutral else 1) and not any(map(_is_known, words))


def _is_known(word: str) -> bool:
    known = _known()
    return word in known or any(word[:size] in known or word[-size:] in known for size in range(_PART, len(word)))


@cache
def _known() -> frozenset[str]:
    return frozenset(WORDS.read_text(encoding="utf-8").split())
