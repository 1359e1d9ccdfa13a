"""Networks as the arrays of their files."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp import tuning
from nlp.network import Floats


def mean(held: Sequence[Mapping[str, Floats]], shares: Sequence[float]) -> dict[str, NDArray[np.generic]]:
    """One network, whose weights are the mean of those of several that began alike, each by its share of one."""
    every = [tuning.opened(one) for one in held]
    return tuning.closed(
        {name: np.average([one[name] for one in every], axis=0, weights=shares).astype(np.float32) for name in every[0]}
    )
