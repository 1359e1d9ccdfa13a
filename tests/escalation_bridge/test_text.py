"""Text of strangers: cut between graphemes, and unable to ping."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation_bridge.text import ELLIPSIS, cut, neutralise, one_line

GRAPHEMES = [
    "a",
    " ",
    "ß",
    "e\u0301",
    "ö\u0308\u0323",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇩🇪",
    "🇦🇹",
    "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "한",
    "\u1112\u1161\u11ab",
    "\u1100\uac00",
    "\u0915\u094d\u0937\u093f",
    "นี้",
]


@given(st.lists(st.sampled_from(GRAPHEMES), max_size=30), st.integers(1, 40))
def test_a_cut_never_splits_a_grapheme(graphemes: list[str], limit: int) -> None:
    whole = "".join(graphemes)
    short = cut(whole, limit)
    assert len(short) <= max(limit, 1)
    if short == whole:
        return
    kept = short.removesuffix(ELLIPSIS)
    assert short.endswith(ELLIPSIS)
    assert kept in ["".join(graphemes[:n]).rstrip() for n in range(len(graphemes) + 1)]


@given(st.text(max_size=50), st.integers(1, 60))
def test_a_cut_keeps_the_beginning_and_the_limit(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= max(limit, 1)
    assert text.startswith(short.removesuffix(ELLIPSIS))
    assert short == text or len(text) > limit


PINGS = re.compile(r"@(everyone|channel|here|all)\b|<[!@#]", re.IGNORECASE)
nasty = st.lists(
    st.sampled_from(
        [
            "@everyone",
            "@HERE",
            "<!channel>",
            "<@U1>",
            "<#C1>",
            "<",
            "!",
            "@",
            "\x00",
            "\u202e",
            "\u200e",
            "h",
            "ere",
            " ",
        ]
    )
    | st.characters(),
    max_size=12,
).map("".join)


@given(nasty)
def test_nothing_pings(text: str) -> None:
    assert not PINGS.search(neutralise(text))


@given(nasty)
def test_nothing_hides(text: str) -> None:
    for c in neutralise(text):
        assert c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")
        assert c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(nasty)
def test_neutralising_twice_is_neutralising_once(text: str) -> None:
    assert neutralise(neutralise(text)) == neutralise(text)


@pytest.mark.parametrize(
    "text", ["write to desk@example.org", "thanks @sample_user!", "a < b, 👩‍👩‍👧‍👦 and 5 > 3", "two\nlines"]
)
def test_what_harms_nobody_stays(text: str) -> None:
    assert neutralise(text) == text


def test_one_line() -> None:
    assert one_line(" a\r\n\tb  c ") == "a b c"


@pytest.mark.parametrize("grapheme", [grapheme for grapheme in GRAPHEMES if len(grapheme) > 1])
def test_each_of_them_is_kept_whole_or_left_out(grapheme: str) -> None:
    for limit in range(2, 2 + len(grapheme)):
        assert cut(f"x{grapheme}yy", limit) == f"x{ELLIPSIS}"
