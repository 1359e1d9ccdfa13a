"""The windows of `nlp.network` as one matrix: what stands before and behind each token, forwards and backwards."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def matrix(weight: Floats) -> Floats:
    """A window's weights as one matrix for [before, here, after]."""
    return weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])


def kernel(matrix: Floats) -> Floats:
    """The same the other way round."""
    return matrix.reshape(3, -1, matrix.shape[1]).transpose(2, 1, 0)


def around(values: Floats, post: Ints, apart: int) -> Floats:
    """[before, here, after] of each place, `apart` steps away; nothing reaches into the next post."""
    same = (post[apart:] == post[:-apart])[:, None]
    before, after = np.zeros_like(values), np.zeros_like(values)
    before[apart:] = values[:-apart] * same
    after[:-apart] = values[apart:] * same
    return np.concatenate([before, values, after], axis=1)


def around_back(slope: Floats, post: Ints, apart: int) -> Floats:
    """The slope of each place, where `slope` is that of what `around` makes of it."""
    same = (post[apart:] == post[:-apart])[:, None]
    before, here, after = np.split(slope, 3, axis=1)
    found = here.copy()
    found[:-apart] += before[apart:] * same
    found[apart:] += after[:-apart] * same
    return found
