"""Accents and German spelling against their definition, letter by letter."""

from collections.abc import Callable
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from leitstand.model import Mention
from listeners.query.engine import Engine
from listeners.query.evaluate import matches
from listeners.query.parser import parse

Post = Callable[..., Mention]

READINGS = {"ä": ("a", "ae"), "ö": ("o", "oe"), "ü": ("u", "ue"), "é": ("e",), "ß": ("ss",), "æ": ("ae",), "ø": ("o",)}
SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
LETTERS = "aeoust" + "".join(READINGS)


def plain_readings(word: str) -> set[str]:
    """All that a term without accents may be to match a word."""
    options = [READINGS.get(char, (char,)) for char in word.lower()]
    return {"".join(reading) for reading in product(*options)}


@given(
    st.text("aeoust", min_size=1, max_size=5),
    st.text(LETTERS + LETTERS.upper().replace("ẞ", ""), min_size=1, max_size=5),
)
def test_a_plain_term(post: Post, term: str, word: str) -> None:
    word = word.replace("SS", "ß")
    assert matches(parse(term), post(word)) is (term in plain_readings(word))


@given(st.text(LETTERS, min_size=1, max_size=4), st.sampled_from("äöüéæø"), st.text(LETTERS, max_size=6))
def test_an_accented_term(post: Post, term: str, accent: str, word: str) -> None:
    term += accent
    for text in (word, term, term.translate(SPELLED)):
        expected = term.translate(SPELLED) == text.translate(SPELLED)
        assert matches(parse(term), post(text)) is expected


@given(st.text(LETTERS + "*?", min_size=1, max_size=6), st.text(LETTERS, max_size=8))
def test_the_engine_agrees_on_every_spelling(post: Post, pattern: str, word: str) -> None:
    node = parse("st" + pattern if pattern[0] in "*?" else "us" + pattern)
    for text in (f"st{word}", f"us{word}"):
        assert Engine({"q": node}).match(post(text)) == ["q"] * matches(node, post(text))


@given(
    st.lists(st.sampled_from(["a", "*", "?", "b"]), max_size=5).filter(lambda p: p.count("*") + p.count("?") <= 5),
    st.text("ab", max_size=7),
)
def test_wildcards(post: Post, pattern: list[str], rest: str) -> None:
    assert matches(parse("xy" + "".join(pattern)), post("xy" + rest)) is globbed("".join(pattern), rest)


def globbed(pattern: str, text: str) -> bool:
    """Wildcards by their definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(globbed(pattern[1:], text[taken:]) for taken in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and globbed(pattern[1:], text[1:])
