"""The second look at what is critical: a sum over places, and probabilities that stay probabilities."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import ConfigurationError
from nlp import second_look, trained
from nlp.calibration import softmax
from nlp.features import NAMES
from nlp.network import URGENCY, Floats, Reading
from nlp.second_look import AGAIN, ASKED, SCORES, SecondLook, asked, possible
from nlp.trained import Card, Model

TEXTS = ["there is smoke in the cabin and nobody answers", "danke, alles wieder gut", "", "ok"]
CRITICAL = URGENCY.stop - 1
SMOKE, IMPOSSIBLE = 0, [1, 2, 3]


@pytest.fixture
def features() -> Floats:
    return some_features()


def some_features() -> Floats:
    """Of each post other ones, but of none a word that a list knows as critical."""
    found = np.random.default_rng(3).random((len(TEXTS), len(NAMES)), dtype=np.float32)
    found[:, NAMES.index("level 3")] = 0
    return found


@pytest.fixture
def seen(features: Floats) -> Reading:
    """What the network has read, where only the smoke may be critical."""
    return doubtful(trained.load().network.read(TEXTS, features))


@pytest.fixture
def look() -> SecondLook:
    weight = np.random.default_rng(4).normal(0, 0.3, len(ASKED)).astype(np.float32)
    return SecondLook(weight, -2.0, trained.reader())


def doubtful(seen: Reading) -> Reading:
    scores = seen.scores.copy()
    scores[:, URGENCY] = [6, 1, -2, -4]
    scores[SMOKE, URGENCY] = [0, 1, 1, 0]
    return replace(seen, scores=scores)


def chances(reading: Reading, temperature: float) -> Floats:
    return softmax(reading.scores[:, URGENCY] / np.float32(temperature))


def test_critical_is_half_the_sum_and_a_quarter_each_networks_own_word(
    look: SecondLook, seen: Reading, features: Floats
) -> None:
    again = trained.reader().read(TEXTS[:1], features[:1])
    told = asked(seen.scores[:1], features[:1], again.scores) @ look.weight + look.bias
    own = np.array([chances(seen, 1.5)[SMOKE, 3], chances(again, 1.5)[0, 3]])
    odds = told / 2 + np.log(own / (1 - own)).sum() / 4
    found = chances(look.look(seen, seen, features, 1.5), 1.5)
    assert np.allclose(found[SMOKE, 3], 1 / (1 + np.exp(-odds)), atol=1e-3)


def test_what_the_first_finds_impossible_is_not_read_again(look: SecondLook, seen: Reading, features: Floats) -> None:
    found = look.look(seen, seen, features, 1.5)
    assert np.array_equal(found.scores[IMPOSSIBLE], seen.scores[IMPOSSIBLE])
    assert not np.array_equal(found.scores[SMOKE], seen.scores[SMOKE])
    calm = replace(seen, scores=seen.scores[[1, 1, 1, 1]])
    assert look.look(calm, calm, features, 1.5) is calm
    features[2, NAMES.index("level 3")] = 1
    assert possible(calm.scores, features, 1.5).tolist() == [2], "but for what a list knows as critical"


def test_each_place_keeps_its_part_in_the_sum(look: SecondLook, seen: Reading, features: Floats) -> None:
    found, again = look.look(seen, seen, features, 1.5), trained.reader().read(TEXTS[:1], features[:1])
    mine = seen.tokens.post == SMOKE
    told = seen.parts[mine] @ look.weight[: len(SCORES)] + again.parts[:, URGENCY] @ look.weight[-len(AGAIN) :]
    assert np.allclose(found.parts[mine, CRITICAL], told, atol=1e-4)
    assert np.array_equal(found.parts[~mine], seen.parts[~mine])
    assert np.array_equal(found.parts[:, :CRITICAL], seen.parts[:, :CRITICAL])
    assert np.array_equal(found.parts[:, CRITICAL + 1 :], seen.parts[:, CRITICAL + 1 :])


@given(bias=st.floats(-60, 60), temperature=st.floats(0.4, 4))
def test_high_stays_as_likely_unless_critical_is_likelier(bias: float, temperature: float) -> None:
    features = some_features()
    seen = doubtful(trained.load().network.read(TEXTS, features))
    before = chances(seen, temperature)
    look = SecondLook(np.zeros(len(ASKED), dtype=np.float32), bias, trained.reader())
    after = chances(look.look(seen, seen, features, temperature), temperature)
    assert np.allclose(after.sum(axis=1), 1, atol=1e-4)
    least = np.maximum(before[:, 2:].sum(axis=1), after[:, 3])
    assert np.allclose(after[:, 2:].sum(axis=1), least, atol=1e-3)
    assert np.allclose(after[:, 0] * before[:, 1], after[:, 1] * before[:, 0], atol=1e-3), "their ratio stays"


def test_who_taught_how_urgent_posts_are_is_not_asked_again(look: SecondLook, features: Floats) -> None:
    network = trained.load().network
    plain = network.read(TEXTS, features)
    own = Model(Card("own", questions=("urgency",)), network, second=look).answer(doubtful(plain), features)
    other = Model(Card("own", questions=("sentiment",)), network, second=look).answer(doubtful(plain), features)
    assert np.array_equal(own.scores, doubtful(plain).scores)
    assert not np.array_equal(other.scores, doubtful(plain).scores)


def test_a_file_says_each_number_by_name(tmp_path: Path, look: SecondLook) -> None:
    path = tmp_path / "second_look.json"
    second_look.save(path, look.weight, look.bias)
    again = second_look.load(path, look.reader)
    assert np.allclose(again.weight, look.weight, atol=1e-4)
    assert again.bias == look.bias


@pytest.mark.parametrize("words", ["", "[]", '{"bias": 1.0}', '{"bias": "x"}'])
def test_what_is_none_is_refused_by_name(tmp_path: Path, words: str) -> None:
    path = tmp_path / "second_look.json"
    path.write_text(words)
    with pytest.raises(ConfigurationError, match="is not a second look"):
        second_look.load(path, trained.reader())
