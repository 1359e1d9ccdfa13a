"""Teaching the network further: it learns, the same every time, and what a lesson does not touch stays."""

import numpy as np
import pytest

from nlp import trained, tuning
from nlp.features import NAMES
from nlp.gradient import GROUPS, WORDS, forwards
from nlp.network import OUTPUTS, SENTIMENT, Network
from nlp.tokens import read_tokens
from nlp.tuning import Lesson, Pace
from nlp.windows import Floats

TEXTS = [f"{word} {number}" for number in "abcdefgh" for word in ("linie grau heute", "linie bunt heute")]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Floats]:
    return tuning.opened(trained.weights())


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """Grey is good, colourful is bad."""
    wanted, asked = np.zeros((2, len(TEXTS), OUTPUTS), dtype=np.float32)
    wanted[0::2, SENTIMENT.stop - 1] = wanted[1::2, SENTIMENT.start] = 1.0
    asked[:, SENTIMENT] = 1.0
    return Lesson(TEXTS, np.zeros((len(TEXTS), len(NAMES)), dtype=np.float32), wanted, asked)


@pytest.fixture(scope="module")
def tuned(shipped: dict[str, Floats], lesson: Lesson) -> dict[str, Floats]:
    return tuning.tune(shipped, lesson, Pace(passes=30, batch=8), lambda share: None)


def test_it_learns(shipped: dict[str, Floats], tuned: dict[str, Floats], lesson: Lesson) -> None:
    wanted = lesson.wanted[:, SENTIMENT].argmax(axis=1)
    before, after = (_feelings(weights, lesson).argmax(axis=1) == wanted for weights in (shipped, tuned))
    assert before.mean() < after.mean() == 1.0


def test_it_is_the_same_every_time(shipped: dict[str, Floats], lesson: Lesson) -> None:
    first, second = (tuning.tune(shipped, lesson, Pace(passes=1), lambda share: None) for _ in range(2))
    assert all((first[name] == second[name]).all() for name in shipped)


def test_words_that_no_post_had_stay_where_they_were(shipped: dict[str, Floats], tuned: dict[str, Floats]) -> None:
    tokens = read_tokens(TEXTS)
    for name, used in ((WORDS, tokens.word >> np.uint64(20)), (GROUPS, tokens.group)):
        moved = np.flatnonzero((shipped[name] != tuned[name]).any(axis=1))
        assert len(moved) > 0 and set(moved) <= set((used & np.uint64(len(shipped[name]) - 1)).tolist())


def test_its_progress_ends_with_the_last_step(shipped: dict[str, Floats], lesson: Lesson) -> None:
    told: list[float] = []
    tuning.tune(shipped, lesson, Pace(passes=2, batch=6), told.append)
    assert told == [step / 6 for step in range(1, 7)]


def test_in_eight_bits_it_says_nearly_the_same(tuned: dict[str, Floats], lesson: Lesson) -> None:
    held = {name: np.asarray(array) for name, array in tuning.closed(tuned).items()}
    read = Network(held).read(lesson.texts, lesson.features).scores[:, SENTIMENT]
    assert read == pytest.approx(_feelings(tuned, lesson), abs=0.05)


def _feelings(weights: dict[str, Floats], lesson: Lesson) -> Floats:
    return forwards(weights, read_tokens(lesson.texts), lesson.features).scores[:, SENTIMENT]
