"""Normalisation keeps the way back; folding lets nothing slip."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from listeners.query.text import fold, normalise
from listeners.query.words import split

ODD = st.text(alphabet="aeoué\u0308\u200b\u00ad™ﬁ½´ ß한\u1100\u1161\u11a8ｶﾞ👍🏽\u200d❤\ufe0f", max_size=12)


@given(ODD)
def test_every_normal_character_has_a_place_in_the_original(text: str) -> None:
    normal = normalise(text)
    for index in range(len(normal.text)):
        start, end = normal.original(index, index + 1)
        assert 0 <= start < end <= len(text)


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=12))
def test_letters_come_out_as_nfkc(text: str) -> None:
    if not unicodedata.normalize("NFKC", text).startswith(" ") and normalise(text).starts is None:
        assert normalise(text).text == unicodedata.normalize("NFKC", text)


@example("é \u0308")
@given(ODD)
def test_composed_and_taken_apart_are_one(text: str) -> None:
    composed, opened = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert normalise(composed).text == normalise(opened).text
    assert fold(composed) == fold(opened)


def test_fold_is_linear_in_es() -> None:
    assert fold("a" + "e" * 200_000) == "a"


@pytest.mark.parametrize("unit", [" ", "´", "a.", "@a.", "#a", "a@", "-a", "1\ufe0f\u20e3"])
def test_long_runs_take_no_longer_than_long_texts(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    begun = time.process_time()
    split(normalise(text).text)
    assert time.process_time() - begun < 5


def test_fold() -> None:
    assert fold("Müller-Mueller muller") == "muller muller muller"
    assert fold("a👍b") == "a 👍 b"
