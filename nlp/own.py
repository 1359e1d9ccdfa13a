"""A site's own answers: half of each by the network tuned to the site's posts, half by a layer on the shipped network.

They err differently, and together they are better than either. Both are sums over places in the text, so their half
sums are, too. The questions that were not trained stay the shipped network's, to the last digit: it reads every post
anyway, for the layer, and another network that was held close to it would still answer a little differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitstand.errors import ConfigurationError, Problem
from nlp.features import NAMES
from nlp.layer import Layer
from nlp.network import Floats, Network, Reading

Ints = NDArray[np.int64]
Arrays = Mapping[str, NDArray[np.generic]]

_HALF = np.float32(0.5)
_TUNED, _LAYER = "tuned.", "layer."


@dataclass(frozen=True, slots=True)
class Own:
    """`columns` are the outputs that were trained; `tuned` are the arrays of the tuned network, `shipped` tells which
    weights the layer was fitted on."""

    columns: Ints
    tuned: Arrays
    layer: Layer
    shipped: str


class Answers:
    """Own answers, ready to be asked."""

    def __init__(self, own: Own) -> None:
        self._columns, self._layer = own.columns, own.layer
        self._tuned = Network({name: np.asarray(array) for name, array in own.tuned.items()})

    def improve(self, seen: Reading, features: Floats) -> Reading:
        """The shipped network's reading with the answers of one's own in their places, and the parts of the tokens."""
        tuned, layer = self._tuned.weigh(seen.tokens, features), self._layer.say(seen, features)
        scores, parts = seen.scores.copy(), seen.parts.copy()
        scores[:, self._columns] = _HALF * (tuned.scores[:, self._columns] + layer.scores)
        parts[:, self._columns] = _HALF * (tuned.parts[:, self._columns] + layer.parts)
        return replace(seen, scores=scores, parts=parts)


def save(path: Path, own: Own) -> None:
    layer = own.layer
    np.savez_compressed(
        path,
        allow_pickle=False,
        features=np.array(NAMES),
        shipped=np.array(own.shipped),
        columns=own.columns,
        **{f"{_TUNED}{name}": array for name, array in own.tuned.items()},
        **{f"{_LAYER}{name}": getattr(layer, name) for name in ("dense", "bias", "mean", "scale")},
        **{f"{_LAYER}sparse": layer.sparse.astype(np.float16)},
    )


def load(path: Path, shipped: str) -> Own:
    """Own answers from their file; those made with other shipped weights or features are a ConfigurationError."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        if list(found["features"]) != list(NAMES) or str(found.get("shipped", "")) != shipped:
            raise ConfigurationError([Problem("nlp.model", "was trained with another version: train it again")])
        tuned = {name.removeprefix(_TUNED): array for name, array in found.items() if name.startswith(_TUNED)}
        parts = [found[_LAYER + name].astype(np.float32) for name in ("dense", "sparse", "bias", "mean", "scale")]
        return Own(found["columns"], tuned, Layer(*parts), shipped)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError([Problem("nlp.model", f"{path} is not a trained model: {error}")]) from error
