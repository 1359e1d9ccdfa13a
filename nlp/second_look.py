"""Whether people are to be woken, asked a second time: of all that is known of a post by then.

    scores of all questions ─┐
                             ├─► one sum, beside the network's own word ─► how likely it is critical
    word-list features ──────┘

The network draws its line by what neighbouring words say. What the post is about (security, safety, the law), who
speaks to whom, and whether it is over are other questions' answers: the second look weighs them, too. How a post is
written (its length, its capitals, whom it names first) is not asked: that differs by writer, not by need. It is a sum,
so each place in the text keeps its part in it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from leitstand.errors import ConfigurationError, Problem
from leitstand.model import Intent, Urgency
from nlp.calibration import sigmoid, softmax
from nlp.features import NAMES
from nlp.network import URGENCY, Floats, Reading
from nlp.verdict import FEELINGS

SCORES = (
    *(f"is {feeling.value}" for feeling in FEELINGS),
    *(f"is {level.name.lower()}" for level in Urgency),
    *(f"is {intent.value}" for intent in Intent),
)
_LISTS = ("urgency ", "level ", "cue level ", "context ", "intent ", "shifter ", "form retweet")
ASKED = (*SCORES, *(name for name in NAMES if name.startswith(_LISTS)))
_PLACES = [(*SCORES, *NAMES).index(name) for name in ASKED]
_CRITICAL = URGENCY.stop - 1
_OWN = np.float32(1 / 2)  # what the network's own word weighs
_TINY = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """`weight` is by what is asked (`ASKED`). The sum, with `bias`, is the log-odds of critical."""

    weight: Floats
    bias: float

    def look(self, seen: Reading, found: Reading, features: Floats, temperature: float) -> Reading:
        """`found` with another word on critical, by what the network has `seen`.

        Read with the same temperature, high or more is as likely as it was, or as critical is.
        """
        before = softmax(found.scores[:, URGENCY] / np.float32(temperature))
        told = asked(seen.scores, features) @ self.weight + np.float32(self.bias)
        critical = sigmoid((1 - _OWN) * told + _OWN * _log_odds(before[:, 3]))
        high = np.maximum(before[:, 2:].sum(axis=1), critical)
        lower = before[:, :2] * ((1 - high) / before[:, :2].sum(axis=1).clip(_TINY))[:, None]
        chances = np.column_stack([lower, high - critical, critical])
        scores, parts = found.scores.copy(), found.parts.copy()
        scores[:, URGENCY] = np.float32(temperature) * np.log(chances.clip(_TINY))
        parts[:, _CRITICAL] = seen.parts @ self.weight[: len(SCORES)]
        return replace(found, scores=scores, parts=parts)


def asked(scores: Floats, features: Floats) -> Floats:
    """What the second look weighs of some posts, in the order of `ASKED`."""
    return np.concatenate([scores, features], axis=1)[:, _PLACES]


def _log_odds(chances: Floats) -> Floats:
    held = chances.clip(_TINY, 1 - _TINY)
    odds: Floats = np.log(held / (1 - held))
    return odds


def load(path: Path) -> SecondLook:
    """The second look in a file: a number by what is asked, and the `bias`. ConfigurationError where it is none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, float])
        return SecondLook(np.array([found[name] for name in ASKED], dtype=np.float32), found["bias"])
    except (OSError, msgspec.DecodeError, KeyError) as error:
        raise ConfigurationError([Problem("nlp.model", f"{path} is not a second look: {error}")]) from error


def save(path: Path, look: SecondLook) -> None:
    numbers = zip((*ASKED, "bias"), (*look.weight, look.bias), strict=True)
    found = {name: round(float(number), 4) for name, number in numbers}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
