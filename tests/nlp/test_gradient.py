"""The way back through the network: every slope is what a small step shows, and forwards it is `nlp.network`."""

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp import tuning
from nlp.features import NAMES
from nlp.gradient import GROUPS, WORDS, Drop, Slopes, backwards, forwards
from nlp.network import INTENTS, OUTPUTS, SENTIMENT, URGENCY, Network, sums
from nlp.tokens import Tokens, read_tokens
from nlp.tuning import Lesson
from nlp.windows import Floats

# Short and long, one without a token, one with the same word twice, two whose edges would touch.
TEXTS = ["the line was grey again", "grey, grey and late", "", "no", "komplett bunt gewesen, was nun?", "late again!"]
WIDTH, HIDDEN, BESIDE, WHOLE, BUCKETS = 6, 5, 4, 7, 64
STEP = 1e-6

Weights = dict[str, Floats]


@pytest.fixture
def weights() -> Weights:
    """A small network of the same build, in double precision, so that small steps can be seen."""
    dice = np.random.default_rng(3)
    shapes: Mapping[str, tuple[int, ...]] = {
        WORDS: (BUCKETS, WIDTH), GROUPS: (BUCKETS, WIDTH),
        "c1.weight": (HIDDEN, WIDTH, 3), "c1.bias": (HIDDEN,), "c2.weight": (HIDDEN, HIDDEN, 3), "c2.bias": (HIDDEN,),
        "u.weight": (OUTPUTS, HIDDEN), "u.bias": (OUTPUTS,), "a.weight": (3, HIDDEN), "a.bias": (3,), "c": (3,),
        "b": (OUTPUTS,), "f0.weight": (OUTPUTS, len(NAMES)), "f1.weight": (BESIDE, len(NAMES)), "f1.bias": (BESIDE,),
        "f2.weight": (OUTPUTS, BESIDE), "f2.bias": (OUTPUTS,), "d1.weight": (WHOLE, 3 * HIDDEN + len(NAMES)),
        "d1.bias": (WHOLE,), "d2.weight": (OUTPUTS, WHOLE),
    }  # fmt: skip
    return {name: _normal(dice, shape, 0.5) for name, shape in shapes.items()}


@pytest.fixture
def tokens() -> Tokens:
    return read_tokens(TEXTS)


@pytest.fixture
def features() -> Floats:
    return _normal(np.random.default_rng(4), (len(TEXTS), len(NAMES)))


def test_forwards_it_says_what_the_network_says(weights: Weights, tokens: Tokens, features: Floats) -> None:
    held = tuning.closed({name: array.astype(np.float32) for name, array in weights.items()})
    said = Network({name: np.asarray(array) for name, array in held.items()}).read(TEXTS, features)
    passed = forwards(tuning.opened({name: np.asarray(array) for name, array in held.items()}), tokens, features)
    assert passed.scores == pytest.approx(said.scores, abs=1e-4)


def test_each_place_has_exactly_its_part(weights: Weights, tokens: Tokens, features: Floats) -> None:
    """What is left of a score without its places is what the features say, by the places of the whole that are open."""
    held = tuning.closed({name: array.astype(np.float32) for name, array in weights.items()})
    network = Network({name: np.asarray(array) for name, array in held.items()})
    read = network.read(TEXTS, features)
    opened = tuning.opened({name: np.asarray(array) for name, array in held.items()})
    is_open = forwards(opened, tokens, features).whole.hidden > 0
    beside = features @ opened["d1.weight"][:, -len(NAMES) :].T + opened["d1.bias"]
    told = network.told(features) + opened["b"] + (beside * is_open) @ opened["d2.weight"].T
    assert 0 < is_open.mean() < 1
    assert read.scores - sums(read.parts, read.tokens.post, len(TEXTS)) == pytest.approx(told, abs=1e-4)


@pytest.mark.parametrize("dropped", [False, True])
def test_every_slope_is_what_a_small_step_shows(
    weights: Weights, tokens: Tokens, features: Floats, dropped: bool
) -> None:
    wanted = _normal(np.random.default_rng(5), (len(TEXTS), OUTPUTS))

    def loss() -> float:
        drop = Drop(np.random.default_rng(6), 0.3, 0.3) if dropped else None
        return float((forwards(weights, tokens, features, drop).scores * wanted).sum())

    drop = Drop(np.random.default_rng(6), 0.3, 0.3) if dropped else None
    slopes = backwards(weights, forwards(weights, tokens, features, drop), wanted)
    assert set(slopes.dense) | set(slopes.tables) == set(weights)
    for name, array in weights.items():
        told, measured = _told(slopes, name, array.shape), np.zeros_like(array)
        for place in _some(array.shape):
            measured[place] = _measured(loss, array, place)
            assert told[place] == pytest.approx(measured[place], rel=1e-4, abs=1e-6), (name, place)
        assert measured.any()


def test_the_loss_counts_only_what_was_asked() -> None:
    scores = _normal(np.random.default_rng(8), (3, OUTPUTS))
    wanted = np.zeros((3, OUTPUTS), dtype=np.float32)
    wanted[:, [SENTIMENT.start, URGENCY.start, INTENTS.start]] = 1.0
    asked = np.zeros((3, OUTPUTS), dtype=np.float32)
    asked[0, SENTIMENT], asked[1, URGENCY], asked[2, INTENTS] = 1.0, 1.0, 1.0
    slope = tuning.slope(scores, Lesson(["a", "b", "c"], np.zeros((3, len(NAMES)), dtype=np.float32), wanted, asked))
    assert ((slope != 0) == (asked > 0)).all()
    assert slope[0, SENTIMENT.start] < 0 < slope[0, SENTIMENT.start + 1]
    assert slope[:2].sum(axis=1) == pytest.approx([0.0, 0.0], abs=1e-7)


def _normal(dice: np.random.Generator, shape: tuple[int, ...], spread: float = 1.0) -> Floats:
    """Numbers in double precision, which is more than the network is asked for otherwise."""
    return cast(Floats, dice.normal(0, spread, shape))


def _some(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """At most forty places, the same every time."""
    every = list(np.ndindex(*shape))
    return [every[place] for place in np.random.default_rng(9).permutation(len(every))[:40]]


def _told(slopes: Slopes, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = np.zeros(shape)
    if name in slopes.tables:
        found[slopes.tables[name].place] = slopes.tables[name].slope
    else:
        found[...] = slopes.dense[name]
    return found


def _measured(loss: Callable[[], float], array: Floats, place: tuple[int, ...]) -> float:
    before = array[place]
    array[place] = before + STEP
    above = loss()
    array[place] = before - STEP
    below = loss()
    array[place] = before
    return float((above - below) / (2 * STEP))
