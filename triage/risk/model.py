"""The arithmetic of risk: signs with strengths from 0 to 1, and their weights. Pure.

    risk = 1 − (1 − base) × Π (1 − weight) ^ strength

A weight is the most that its sign can add by itself; signs add up like chances that are independent of each other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# What each sign is called in the table of weights, in words.
SIGNS: Final[Mapping[str, str]] = {
    "sev1": "it is sev1",
    "sev2": "it is sev2",
    "deadline": "a deadline nears, from half of its time on",
    "earlier": "earlier cases of the author, up to three",
    "again": "the author writes again, up to four times",
    "mood": "the author's sentiment falls",
    "reach": "how many follow the author",
    "growth": "posts within the last hour, up to thirty",
}
STARTING: Final[Mapping[str, float]] = {
    "sev1": 0.35, "sev2": 0.15, "deadline": 0.45, "earlier": 0.30, "again": 0.25, "mood": 0.30, "reach": 0.30,
    "growth": 0.30,
}  # fmt: skip
Strengths = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights, and the risk that any case has. `fitted` says to what they were fitted, "" for the starting ones."""

    weights: Mapping[str, float] = field(default_factory=lambda: dict(STARTING))
    base: float = 0.0
    fitted: str = ""

    def part(self, sign: str, strength: float) -> float:
        """What a sign of this strength adds by itself."""
        return 1.0 - math.pow(1.0 - self.weights.get(sign, 0.0), min(max(strength, 0.0), 1.0))

    def risk(self, strengths: Strengths) -> float:
        """The risk of a case with these signs."""
        return 1.0 - (1.0 - self.base) * math.prod(1.0 - self.part(sign, how) for sign, how in strengths.items())
