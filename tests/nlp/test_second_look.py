"""The second look at what is critical: a sum over places, and probabilities that stay probabilities."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import ConfigurationError
from nlp import second_look, trained
from nlp.calibration import softmax
from nlp.features import NAMES
from nlp.network import URGENCY, Floats, Reading, sums
from nlp.second_look import ASKED, SCORES, SecondLook, asked
from nlp.trained import Card, Model

TEXTS = ["there is smoke in the cabin and nobody answers", "danke, alles wieder gut", "", "ok"]


@pytest.fixture
def features() -> Floats:
    return np.random.default_rng(3).random((len(TEXTS), len(NAMES)), dtype=np.float32)


@pytest.fixture
def seen(features: Floats) -> Reading:
    return trained.load().network.read(TEXTS, features)


@pytest.fixture
def look() -> SecondLook:
    return SecondLook(np.random.default_rng(4).normal(0, 0.3, len(ASKED)).astype(np.float32), -2.0)


def chances(reading: Reading, temperature: float) -> Floats:
    return softmax(reading.scores[:, URGENCY] / np.float32(temperature))


def test_critical_is_half_the_sum_and_half_the_networks_own_word(
    look: SecondLook, seen: Reading, features: Floats
) -> None:
    told = asked(seen.scores, features) @ look.weight + look.bias
    own = chances(seen, 1.5)[:, 3]
    odds = (told + np.log(own / (1 - own))) / 2
    assert np.allclose(chances(look.look(seen, seen, features, 1.5), 1.5)[:, 3], 1 / (1 + np.exp(-odds)), atol=1e-3)


def test_each_place_keeps_its_part_in_the_sum(look: SecondLook, seen: Reading, features: Floats) -> None:
    found = look.look(seen, seen, features, 1.5)
    odds = asked(seen.scores, features) @ look.weight
    beside = odds - sums(seen.parts, seen.tokens.post, len(TEXTS)) @ look.weight[: len(SCORES)]
    by_place = sums(found.parts, seen.tokens.post, len(TEXTS))[:, URGENCY.stop - 1]
    assert np.allclose(by_place + beside, odds, atol=1e-3)
    assert np.array_equal(found.parts[:, : URGENCY.stop - 1], seen.parts[:, : URGENCY.stop - 1])


@given(bias=st.floats(-60, 60), temperature=st.floats(0.4, 4))
def test_high_stays_as_likely_unless_critical_is_likelier(bias: float, temperature: float) -> None:
    features = np.random.default_rng(3).random((len(TEXTS), len(NAMES)), dtype=np.float32)
    seen = trained.load().network.read(TEXTS, features)
    before = chances(seen, temperature)
    look = SecondLook(np.zeros(len(ASKED), dtype=np.float32), bias)
    after = chances(look.look(seen, seen, features, temperature), temperature)
    assert np.allclose(after.sum(axis=1), 1, atol=1e-4)
    least = np.maximum(before[:, 2:].sum(axis=1), after[:, 3])
    assert np.allclose(after[:, 2:].sum(axis=1), least, atol=1e-3)
    assert np.allclose(after[:, 0] * before[:, 1], after[:, 1] * before[:, 0], atol=1e-3), "their ratio stays"


def test_who_taught_how_urgent_posts_are_is_not_asked_again(look: SecondLook, features: Floats) -> None:
    network = trained.load().network
    plain = network.read(TEXTS, features).scores
    own = Model(Card("own", questions=("urgency",)), network, second=look).read(TEXTS, features)
    other = Model(Card("own", questions=("sentiment",)), network, second=look).read(TEXTS, features)
    assert np.array_equal(own.scores, plain)
    assert not np.array_equal(other.scores, plain)


def test_a_file_says_each_number_by_name(tmp_path: Path, look: SecondLook) -> None:
    path = tmp_path / "second_look.json"
    second_look.save(path, look)
    again = second_look.load(path)
    assert np.allclose(again.weight, look.weight, atol=1e-4)
    assert again.bias == look.bias


@pytest.mark.parametrize("words", ["", "[]", '{"bias": 1.0}', '{"bias": "x"}'])
def test_what_is_none_is_refused_by_name(tmp_path: Path, words: str) -> None:
    path = tmp_path / "second_look.json"
    path.write_text(words)
    with pytest.raises(ConfigurationError, match="is not a second look"):
        second_look.load(path)
