"""A site's own answers: exact sums over the places of a text, and bound to the weights they were made with."""

from pathlib import Path

import numpy as np
import pytest

from leitstand.errors import ConfigurationError
from nlp import own, trained, tuning
from nlp.features import NAMES
from nlp.layer import BUCKETS, Layer, dense_input, grams
from nlp.network import OUTPUTS, SENTIMENT, Floats, Network, Reading, sums
from nlp.own import Answers, Own

TEXTS = ["the line was late again and nobody said a word", "danke, das war sehr nett!", "", "ok"]
COLUMNS = np.arange(SENTIMENT.start, SENTIMENT.stop)


@pytest.fixture(scope="module")
def weights() -> dict[str, Floats]:
    """The shipped ones without what the whole post opens: what is left of a score then does not depend on the text."""
    return trained.weights() | {"d2.weight": np.zeros_like(trained.weights()["d2.weight"])}


@pytest.fixture(scope="module")
def shipped(weights: dict[str, Floats]) -> Network:
    return Network(weights)


@pytest.fixture
def features() -> Floats:
    return np.random.default_rng(2).random((len(TEXTS), len(NAMES)), dtype=np.float32)


@pytest.fixture
def layer(shipped: Network, features: Floats) -> Layer:
    dice = np.random.default_rng(5)
    width: int = dense_input(shipped.read(TEXTS, features), features).shape[1]
    return Layer(
        dice.normal(0, 0.1, (width, len(COLUMNS))).astype(np.float32),
        dice.normal(0, 1, (BUCKETS, len(COLUMNS))).astype(np.float32),
        np.ones(len(COLUMNS), dtype=np.float32),
        dice.random(width, dtype=np.float32),
        dice.random(width, dtype=np.float32),
    )


@pytest.fixture
def answers(weights: dict[str, Floats], layer: Layer) -> Own:
    tuned = tuning.opened(weights)
    tuned["u.weight"] = tuned["u.weight"] * np.float32(1.5)
    return Own(COLUMNS, tuning.closed(tuned), layer, trained.fingerprint())


def test_the_layer_says_what_it_was_fitted_to_say(shipped: Network, layer: Layer, features: Floats) -> None:
    seen = shipped.read(TEXTS, features)
    post, _, bucket = grams(seen.tokens)
    many = np.maximum(np.bincount(post, minlength=len(TEXTS)), 1)
    wanted = ((dense_input(seen, features) - layer.mean) * layer.scale) @ layer.dense + layer.bias
    np.add.at(wanted, post, layer.sparse[bucket] / np.sqrt(many)[post, None])
    assert layer.say(seen, features).scores == pytest.approx(wanted, abs=1e-3)


def test_each_place_has_exactly_its_part(shipped: Network, answers: Own, features: Floats) -> None:
    """What is left of a score without its places is the same for every text: the features say it."""
    same = np.repeat(features[:1], len(TEXTS), axis=0)
    read = _asked(shipped, answers, TEXTS, same)
    left = (read.scores - sums(read.parts, read.tokens.post, len(TEXTS)))[:, COLUMNS]
    assert left == pytest.approx(np.repeat(left[:1], len(TEXTS), axis=0), abs=1e-3)


def test_other_questions_stay_the_shipped_networks(shipped: Network, answers: Own, features: Floats) -> None:
    ours, theirs = _asked(shipped, answers, TEXTS, features), shipped.read(TEXTS, features)
    others = np.setdiff1d(np.arange(OUTPUTS), COLUMNS)
    assert (ours.scores[:, others] == theirs.scores[:, others]).all()
    assert (ours.parts[:, others] == theirs.parts[:, others]).all()
    assert (ours.scores[:, COLUMNS] != theirs.scores[:, COLUMNS]).any(axis=1).all()


def test_they_are_the_same_when_read_back(tmp_path: Path, shipped: Network, answers: Own, features: Floats) -> None:
    own.save(tmp_path / "own.npz", answers)
    read = own.load(tmp_path / "own.npz", trained.fingerprint())
    ours, again = (_asked(shipped, one, TEXTS, features).scores for one in (answers, read))
    assert again == pytest.approx(ours, abs=2e-2)  # the layer's table is kept in half precision
    assert (tmp_path / "own.npz").stat().st_size < 30_000_000


def test_those_of_other_weights_or_an_older_form_must_be_trained_again(tmp_path: Path, answers: Own) -> None:
    own.save(tmp_path / "own.npz", answers)
    np.savez(tmp_path / "old.npz", features=np.array(NAMES), columns=COLUMNS, dense=np.zeros(3))
    for file, weights in (("own.npz", "0123456789abcdef"), ("old.npz", trained.fingerprint())):
        with pytest.raises(ConfigurationError, match="train it again"):
            own.load(tmp_path / file, weights)


def _asked(shipped: Network, answers: Own, texts: list[str], features: Floats) -> Reading:
    return Answers(answers).improve(shipped.read(texts, features), features)


def test_a_file_that_would_run_what_it_holds_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", features=np.array([print], dtype=object))
    with pytest.raises(ConfigurationError, match="is not a trained model"):
        own.load(tmp_path / "own.npz", trained.fingerprint())
