"""Fits the numbers of the second look (`nlp.second_look`): a minute of one core, and no encoder.

    python -m nlp.training.second_look --data FOLDER

It learns from all posts with labels of urgency that the weights learn from, as far as they are read again: after a
lesson, of the network that reads all posts or of the one that reads again, it is fitted anew.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from leitstand import clock
from leitstand.model import Sentiment, Urgency
from nlp import fitting, material, pipeline, second_look, trained
from nlp.labels import Label, Labelled
from nlp.network import Floats
from nlp.training.gather import Example, gather

_REAL, _CRITICAL = 6, 1  # how much more often such a post is heard
_EACH = 5  # critical post is heard once more, repeated by somebody
_PENALTY = fitting.Penalty(dense=200.0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nlp.training.second_look", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=trained.SHIPPED / trained.SECOND_LOOK)
    options = parser.parse_args()
    known = [one for one in gather(options.data) if one.urgency >= 0]
    second_look.save(options.out, *fit([*known, *_repeated(known)]))


def fit(examples: Sequence[Example]) -> tuple[Floats, float]:
    """The weights and the bias that fit the examples best; their `urgency` must be known."""
    model = trained.load()
    posts = [Labelled(str(place), one.text, Label(sentiment=Sentiment.NEUTRAL)) for place, one in enumerate(examples)]
    read = material.gather(posts, model, pipeline.load(), clock.now(), lambda: None)
    chosen = second_look.possible(read.scores, read.features, model.card.calibration.urgency_temperature)
    again = trained.reader().read([read.texts[place] for place in chosen], read.features[chosen])
    heard = np.repeat(np.arange(len(chosen)), [_often(examples[place]) for place in chosen])
    known = second_look.asked(read.scores[chosen], read.features[chosen], again.scores)[heard]
    mean, scale = known.mean(axis=0), 1.0 / (known.std(axis=0) + np.float32(1e-3))
    wanted = np.array([[examples[place].urgency == Urgency.CRITICAL] for place in chosen], dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    problem = fitting.Problem((known - mean) * scale, none, none, known[0, :0], 0, wanted[heard], False)
    found = fitting.fit(problem, _PENALTY)
    weight = found.dense[:, 0] * scale
    return weight, float(found.bias[0] - mean @ weight)


def _repeated(examples: Sequence[Example]) -> list[Example]:
    """Some critical posts as others repeat them: the one that is repeated wakes people, not the one that repeats it."""
    critical = [one for one in examples if one.urgency == Urgency.CRITICAL][::_EACH]
    return [replace(one, text=f"RT @pendler42: {one.text}", urgency=0) for one in critical]


def _often(one: Example) -> int:
    return 1 + _REAL * (one.origin == "triage_labels") + _CRITICAL * (one.urgency == Urgency.CRITICAL)


if __name__ == "__main__":
    main()
