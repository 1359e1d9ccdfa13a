"""Fits the second look (`nlp.second_look`) of the shipped model: a minute of one core, and no encoder.

    python -m nlp.training.second_look --data FOLDER

It learns from all posts with labels of urgency that the weights learn from: after a lesson it is fitted again.
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
from nlp.second_look import SecondLook
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
    second_look.save(options.out, fit([*known, *_repeated(known)]))


def fit(examples: Sequence[Example]) -> SecondLook:
    """The second look that fits the examples best; their `urgency` must be known."""
    posts = [Labelled(str(place), one.text, Label(sentiment=Sentiment.NEUTRAL)) for place, one in enumerate(examples)]
    read = material.gather(posts, trained.load(), pipeline.load(), clock.now(), lambda: None)
    heard = np.repeat(np.arange(len(examples)), [_often(one) for one in examples])
    known = second_look.asked(read.scores, read.features)[heard]
    mean, scale = known.mean(axis=0), 1.0 / (known.std(axis=0) + np.float32(1e-3))
    wanted = np.array([[one.urgency == Urgency.CRITICAL] for one in examples], dtype=np.float32)
    none = np.zeros(0, dtype=np.int64)
    problem = fitting.Problem((known - mean) * scale, none, none, known[0, :0], 0, wanted[heard], False)
    found = fitting.fit(problem, _PENALTY)
    weight = found.dense[:, 0] * scale
    return SecondLook(weight, float(found.bias[0] - mean @ weight))


def _repeated(examples: Sequence[Example]) -> list[Example]:
    """Some critical posts as others repeat them: the one that is repeated wakes people, not the one that repeats it."""
    critical = [one for one in examples if one.urgency == Urgency.CRITICAL][::_EACH]
    return [replace(one, text=f"RT @pendler42: {one.text}", urgency=0) for one in critical]


def _often(one: Example) -> int:
    return 1 + _REAL * (one.origin == "triage_labels") + _CRITICAL * (one.urgency == Urgency.CRITICAL)


if __name__ == "__main__":
    main()
