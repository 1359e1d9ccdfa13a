"""What the finder finds is what its patterns say, however it looks for them."""

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.cues import LEXICONS, Cue, CueFinder, read
from nlp.folding import fold

NUMBERED = CueFinder([Cue("urgency", "<n>h", 2.0, "delay"), Cue("urgency", "<n> hours", 2.0, "delay")])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3h late", ["3h"]),
        ("since 12h and 3 hours", ["12h", "3 hours"]),
        ("٣h", ["٣h"]),
        ("h", []),
        ("oh hello, 3 h", []),
        ("3hx", []),
        ("x3h", []),
        ("two hours", ["two hours"]),
    ],
)
def test_a_number_and_a_letter_in_one_word(text: str, found: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in NUMBERED.find(text).get("urgency", [])] == found


@given(st.text("ab !😀ä1", max_size=12))
def test_a_plain_word_is_found_wherever_it_stands_whole(text: str) -> None:
    words = ["a", "ab", "b!", "😀", "ä a"]
    for word, finder in zip(words, [CueFinder([Cue("sentiment", word, 1.0, "")]) for word in words], strict=True):
        hits = finder.find(text).get("sentiment", [])
        left = r"(?<![^\W_])" if word[0].isalnum() else ""
        right = r"(?![^\W_])" if word[-1].isalnum() else ""
        places = [match.start() for match in re.finditer(f"(?={left}{re.escape(word)}{right})", text)]
        assert [hit.start for hit in hits] == places


@pytest.mark.parametrize(("left", "right"), list(product(["", "x", " "], repeat=2)))
def test_an_open_end_reaches_to_the_end_of_the_word(left: str, right: str) -> None:
    finder = CueFinder([Cue("sentiment", "stör*", 1.0, "")])
    hits = finder.find(f"{left}stör{right}").get("sentiment", [])
    assert [(hit.start, hit.end) for hit in hits] == (
        [] if left == "x" else [(len(left), len(left) + 4 + (right == "x"))]
    )


def _spelt_out(pattern: str) -> str:
    """A text that the pattern must find: the longest of each choice, a word in each gap."""
    chosen = re.sub(r"\(([^()]*)\)", lambda choice: max(choice[1].split("|"), key=len), pattern)
    return re.sub(r"(?<=\w)\*|\*(?=\w)", "en", chosen.replace("<n>", "3").replace(" .. ", " xx "))


@pytest.mark.parametrize("path", sorted(LEXICONS.glob("*.*.tsv")), ids=lambda path: path.stem)
def test_every_line_of_a_list_finds_what_it_says(path: Path) -> None:
    cues = read(*path.stem.split("."))
    known = CueFinder(cues).words
    for cue in cues:
        text = fold(_spelt_out(cue.pattern), known).text
        assert [hit for hits in CueFinder([cue]).find(text).values() for hit in hits], (cue.pattern, text)
        assert not re.search(r"\w[~\[{]|\w[+] ", cue.pattern), f"{cue.pattern}: this sign means nothing in a pattern"
