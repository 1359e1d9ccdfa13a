"""Weights of risk fitted to a site's history, and how good estimates are. Pure.

In the logarithm the model is a sum, so that there is only one likeliest set of weights. No weight is below nothing: a
sign never makes a case safer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.risk.model import SIGNS, STARTING, Model, Strengths

_HIGHEST = 0.97
_STEPS = 3000
# The starting weights count as much as so many cases; any case has at first such a risk.
_ASSUMED, _BASE = 5.0, 0.02
_BINS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A case at one moment, whether it was escalated soon after, and how much it counts. `case` is its number."""

    case: int
    strengths: Strengths
    escalated: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Estimates from `low` up to `high`: how many cases, the mean estimate, and the share that was escalated."""

    low: float
    high: float
    cases: float
    estimated: float
    escalated: float


@dataclass(frozen=True, slots=True)
class Measured:
    """How good estimates are. `ece` is the expected calibration error; all three are better the lower they are."""

    brier: float
    log_loss: float
    ece: float
    bins: tuple[Bin, ...]


def fit(examples: Sequence[Example]) -> Model:
    """The weights under which the history is likeliest, as if a few more cases spoke for the starting ones.

    Each escalation is shared out among the signs that may have caused it, by the weights so far; from the shares come
    the next weights. No step makes the history less likely.
    """
    matrix, wanted, weights = _matrix(examples)
    start = -np.log1p(-np.array([_BASE, *(STARTING[sign] for sign in SIGNS)]))
    seen = weights @ matrix + _ASSUMED
    theta = start.copy()
    for _ in range(_STEPS):
        z = np.clip(matrix @ theta, 1e-9, None)
        caused = theta * ((weights * wanted / -np.expm1(-z)) @ matrix)
        theta, before = (caused + _ASSUMED * start) / seen, theta
        if float(np.abs(theta - before).max()) < 1e-7:
            break
    share = np.minimum(1.0 - np.exp(-theta), _HIGHEST)
    found = {sign: round(float(w), 4) for sign, w in zip(SIGNS, share[1:], strict=True)}
    return Model(found, round(float(share[0]), 4))


def measure(model: Model, examples: Sequence[Example]) -> Measured:
    """How good a model's estimates of these are."""
    estimates = np.clip(np.array([model.risk(e.strengths) for e in examples]), 1e-4, 1 - 1e-4)
    wanted = np.array([e.escalated for e in examples], dtype=np.float64)
    weights = np.array([e.weight for e in examples])
    share = weights / weights.sum()
    brier = float((share * (estimates - wanted) ** 2).sum())
    loss = -float((share * np.where(wanted == 1, np.log(estimates), np.log1p(-estimates))).sum())
    bins = _bins(estimates, wanted, weights)
    ece = sum(b.cases * abs(b.estimated - b.escalated) for b in bins) / float(weights.sum())
    return Measured(round(brier, 4), round(loss, 4), round(ece, 4), bins)


def _bins(estimates: Floats, wanted: Floats, weights: Floats) -> tuple[Bin, ...]:
    found = []
    for place in range(_BINS):
        low, high = place / _BINS, (place + 1) / _BINS
        inside = (estimates >= low) & (estimates < high)
        cases = float(weights[inside].sum())
        if cases:
            mean = float((weights * estimates)[inside].sum()) / cases
            happened = float((weights * wanted)[inside].sum()) / cases
            found.append(Bin(low, high, round(cases, 1), round(mean, 3), round(happened, 3)))
    return tuple(found)


def _matrix(examples: Sequence[Example]) -> tuple[Floats, Floats, Floats]:
    rows = [[1.0, *(min(max(e.strengths.get(sign, 0.0), 0.0), 1.0) for sign in SIGNS)] for e in examples]
    return np.array(rows), np.array([float(e.escalated) for e in examples]), np.array([e.weight for e in examples])
