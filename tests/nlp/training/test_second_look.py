"""How the second look is made: of two networks one, and numbers fitted to what each of them never saw."""

from pathlib import Path

import numpy as np

from nlp import trained
from nlp.features import NAMES
from nlp.network import Network, arrays
from nlp.second_look import ASKED
from nlp.training.gather import HALVES, gather
from nlp.training.second_look import fit
from nlp.training.weights import mean

TEXTS = ["there is smoke in the cabin and nobody answers", "danke, alles wieder gut"]


def test_the_mean_of_two_networks_that_are_alike_is_that_network() -> None:
    held = arrays(trained.SHIPPED / trained.READER)
    features = np.zeros((len(TEXTS), len(NAMES)), dtype=np.float32)
    both = Network(mean([held, held], [0.5, 0.5])).read(TEXTS, features)  # type: ignore[arg-type]
    assert np.allclose(both.scores, trained.reader().read(TEXTS, features).scores, atol=0.05)


def test_the_numbers_know_what_is_critical_by_what_the_second_network_says(tmp_path: Path) -> None:
    examples = gather(tmp_path)
    halves = [[one for one in examples if one.half == half][::12] for half in range(HALVES)]
    weight, bias = fit(halves, [trained.reader()] * HALVES)
    by_name = dict(zip(ASKED, weight, strict=True))
    assert by_name["again critical"] > 0 > by_name["again none"]
    assert np.isfinite(weight).all() and np.isfinite(bias)
