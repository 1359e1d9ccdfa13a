"""Honest probabilities and useful cutoffs."""

import numpy as np
import pytest

from nlp.calibration import Calibration, best_cutoff, cutoff_for, reliability, softmax, temperature


def test_a_temperature_makes_overconfident_scores_honest() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 3000)
    honest = np.eye(3)[truth] * 1.2 + rng.gumbel(size=(3000, 3))
    loud = (honest * 3).astype(np.float32)
    warmth = temperature(loud, truth)
    assert warmth > 1.5
    assert reliability(softmax(loud / np.float32(warmth)), truth).ece < reliability(softmax(loud), truth).ece / 2


def test_perfect_answers_have_no_error() -> None:
    truth = np.array([0, 1, 2])
    assert reliability(np.eye(3, dtype=np.float32)[truth], truth) == pytest.approx((0.0, 0.0))


def test_a_cutoff_for_a_wanted_precision() -> None:
    chances = np.array([0.9, 0.8, 0.7, 0.6, 0.2], dtype=np.float32)
    truth = np.array([True, True, False, True, False])
    assert cutoff_for(chances, truth, 1.0) == pytest.approx((0.8, 2 / 3), abs=1e-3)
    assert cutoff_for(chances, truth, 0.75) == pytest.approx((0.6, 1.0), abs=1e-3)
    assert cutoff_for(chances, ~np.ones(5, dtype=bool), 0.5) is None


def test_the_best_cutoff_lies_between_the_two_kinds() -> None:
    chances = np.array([0.1, 0.15, 0.2, 0.6, 0.65], dtype=np.float32)
    assert 0.2 < best_cutoff(chances, chances > 0.5) <= 0.6
    assert best_cutoff(chances, np.zeros(5, dtype=bool)) == 0.5


def test_levels_are_read_from_the_top() -> None:
    how = Calibration(reply=0.5, high=0.4, critical=0.3)
    chances = np.array([[0.9, 0.1, 0, 0], [0.4, 0.6, 0, 0], [0.3, 0.3, 0.4, 0], [0.5, 0.1, 0.1, 0.3]], dtype=np.float32)
    assert how.levels(chances).tolist() == [0, 1, 2, 3]


def test_each_language_leans_in_its_own_way() -> None:
    how = Calibration(lean=(1.0, 0.0, 0.0), leans={"de": (0.0, 0.0, 2.0)})
    scores = np.zeros((2, 3), dtype=np.float32)
    leaned = how.leaned(scores, ["de", "fr"])
    assert leaned.tolist() == [[-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    assert np.allclose(how.sentiment(leaned)[:1], how.of("de").sentiment(scores[:1]))
    assert np.allclose(how.sentiment(leaned)[1:], how.of("fr").sentiment(scores[1:]))


def test_what_is_said_to_a_desk_is_high_from_a_cutoff_of_its_own() -> None:
    chances = np.array([[0.5, 0.3, 0.2, 0.0], [0.5, 0.3, 0.2, 0.0]], dtype=np.float32)
    to_a_desk = np.array([True, False])
    assert Calibration(high=0.4, addressed=0.15).levels(chances, to_a_desk).tolist() == [2, 1]
    assert Calibration(high=0.4).levels(chances, to_a_desk).tolist() == [1, 1]
    assert Calibration(high=0.4, addressed=0.15).levels(chances).tolist() == [1, 1]
