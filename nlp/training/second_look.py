"""Makes the second look (`nlp.second_look`) of two networks: two minutes of one core, and no encoder.

    python -m nlp.training.second_look --data FOLDER --halves half0.npz half1.npz

The newest posts of ours (`gather.HALVED_FROM`) are shared out to two halves, and each network was taught all but one of
them (`python -m nlp.training --critical --without 0`, then `1`). The numbers are fitted to what each says of the half
that it never saw: of what it learned by heart it would seem surer than it ever is. The mean of the two is the network
that is shipped. After newer posts were written, those become the halves; `--former nlp/models/critical.npz` is then
where their lessons start.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leitstand import clock
from leitstand.model import Sentiment, Urgency
from nlp import fitting, material, network, pipeline, second_look, trained
from nlp.features import NAMES
from nlp.labels import Label, Labelled
from nlp.network import Floats, Network
from nlp.training.gather import HALVES, Example, gather, repeated
from nlp.training.weights import mean

_CRITICAL = 2  # how often such a post is heard
_PENALTY = fitting.Penalty(dense=200.0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nlp.training.second_look", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--halves", type=Path, nargs=HALVES, required=True)
    parser.add_argument("--out", type=Path, default=trained.SHIPPED, help="The folder of both its files.")
    options = parser.parse_args()
    held, examples = [network.arrays(path) for path in options.halves], gather(options.data)
    halves = [[one for one in examples if one.half == half] for half in range(HALVES)]
    weight, bias = fit([[*half, *repeated(half)] for half in halves], [Network(one) for one in held])
    second_look.save(options.out / trained.SECOND_LOOK, weight, bias)
    reader: dict[str, Any] = {"features": np.array(NAMES), **mean(held, [1 / HALVES] * HALVES)}
    np.savez_compressed(options.out / trained.READER, **reader)


def fit(halves: Sequence[Sequence[Example]], readers: Sequence[Network]) -> tuple[Floats, float]:
    """The weights and the bias that fit best, where each reader is asked of its half; their `urgency` must be known."""
    parts = [_heard(half, reader) for half, reader in zip(halves, readers, strict=True)]
    known, wanted = (np.concatenate(both) for both in zip(*parts, strict=True))
    mean, scale = known.mean(axis=0), 1.0 / (known.std(axis=0) + np.float32(1e-3))
    none = np.zeros(0, dtype=np.int64)
    problem = fitting.Problem((known - mean) * scale, none, none, known[0, :0], 0, wanted, False)
    found = fitting.fit(problem, _PENALTY)
    weight = found.dense[:, 0] * scale
    return weight, float(found.bias[0] - mean @ weight)


def _heard(examples: Sequence[Example], reader: Network) -> tuple[Floats, Floats]:
    """What is asked of those examples that are read again, and whether they are critical."""
    model = trained.load()
    posts = [Labelled(str(place), one.text, Label(sentiment=Sentiment.NEUTRAL)) for place, one in enumerate(examples)]
    read = material.gather(posts, model, pipeline.load(), clock.now(), lambda: None)
    chosen = second_look.possible(read.scores, read.features, model.card.calibration.urgency_temperature)
    again = reader.read([read.texts[place] for place in chosen], read.features[chosen])
    critical = np.array([examples[place].urgency == Urgency.CRITICAL for place in chosen])
    heard = np.repeat(np.arange(len(chosen)), np.where(critical, _CRITICAL, 1))
    known = second_look.asked(read.scores[chosen], read.features[chosen], again.scores)[heard]
    return known, critical[heard, None].astype(np.float32)


if __name__ == "__main__":
    main()
