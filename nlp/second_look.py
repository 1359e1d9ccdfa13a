"""Whether people are to be woken, asked a second time: of all that is known, and of a network taught this alone.

    scores of all questions ─┬─► critical at all possible? ─► read again ─┐
    word-list features ──────┼───────────────────────────────────────────┴─► one sum ─┐
                             └─► each network's own word on critical ──────────────────┴─► how likely it is critical

The network that reads every post draws its line by what neighbouring words say, and was taught how real posts sound.
What the post is about (security, safety, the law), who speaks to whom, and whether it is over are other questions'
answers: the second look weighs them, too. A second network has learned from the same posts for this question only, and
knows more of danger that only the situation shows. The sum of both counts for half, each network's own word for a
quarter. How a post is written (its length, its capitals, whom it names) is not asked: that differs by writer, not by
need. Each place in the text keeps its part in the sum.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from leitstand.errors import ConfigurationError, Problem
from leitstand.model import Intent, Urgency
from nlp.calibration import sigmoid, softmax
from nlp.features import NAMES
from nlp.network import URGENCY, Floats, Network, Reading
from nlp.tokens import Ints
from nlp.verdict import FEELINGS

SCORES = (
    *(f"is {feeling.value}" for feeling in FEELINGS),
    *(f"is {level.name.lower()}" for level in Urgency),
    *(f"is {intent.value}" for intent in Intent),
)
AGAIN = tuple(f"again {level.name.lower()}" for level in Urgency)  # what the second network says
_LISTS = ("urgency ", "level ", "cue level ", "context ", "intent ", "shifter ", "form retweet")
_OF_LISTS = [place for place, name in enumerate(NAMES) if name.startswith(_LISTS)]
ASKED = (*SCORES, *(NAMES[place] for place in _OF_LISTS), *AGAIN)
_CRITICAL, _LISTED = URGENCY.stop - 1, NAMES.index("level 3")
_OWN = np.float32(1 / 4)  # what each network's own word weighs beside the sum
# From this much of a chance of critical on, and of high with that weight, a post is read again: of 100 critical ones
# 96, of what comes to a desk one in sixteen.
_POSSIBLE, _OF_HIGH = np.float32(0.1), np.float32(0.06)
_TINY = np.float32(1e-6)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """`weight` is by what is asked (`ASKED`), `reader` the second network. The sum, with `bias`, is the log-odds."""

    weight: Floats
    bias: float
    reader: Network

    def look(self, seen: Reading, found: Reading, features: Floats, temperature: float) -> Reading:
        """`found` with another word on critical, where by what the network has `seen` it is possible.

        Read with the same temperature, high or more is as likely as it was, or as critical is.
        """
        chosen = possible(seen.scores, features, temperature)
        if not len(chosen):
            return found
        again = self.reader.weigh(seen.tokens.of(chosen), features[chosen])
        told = asked(seen.scores[chosen], features[chosen], again.scores) @ self.weight + np.float32(self.bias)
        before = _levels(seen.scores[chosen], temperature)
        own = _log_odds(before[:, 3]) + _log_odds(_levels(again.scores, temperature)[:, 3])
        critical = sigmoid((1 - 2 * _OWN) * told + _OWN * own)
        high = np.maximum(before[:, 2:].sum(axis=1), critical)
        lower = before[:, :2] * ((1 - high) / before[:, :2].sum(axis=1).clip(_TINY))[:, None]
        chances = np.column_stack([lower, high - critical, critical])
        scores, parts = found.scores.copy(), found.parts.copy()
        scores[chosen, URGENCY] = np.float32(temperature) * np.log(chances.clip(_TINY))
        mine = np.isin(seen.tokens.post, chosen)
        parts[mine, _CRITICAL] = (
            seen.parts[mine] @ self.weight[: len(SCORES)] + again.parts[:, URGENCY] @ self.weight[-len(AGAIN) :]
        )
        return replace(found, scores=scores, parts=parts)


def possible(scores: Floats, features: Floats, temperature: float) -> Ints:
    """Which posts are to be read again: by the scores of the network that reads all, or for what the lists found."""
    return np.flatnonzero((chance(scores, temperature) >= _POSSIBLE) | (features[:, _LISTED] > 0))


def chance(scores: Floats, temperature: float) -> Floats:
    """How likely each post is critical, and a little of how likely it is high, by the network that reads all."""
    levels = _levels(scores, temperature)
    found: Floats = levels[:, 3] + _OF_HIGH * levels[:, 2]
    return found


def asked(scores: Floats, features: Floats, again: Floats) -> Floats:
    """What the second look weighs of some posts, in the order of `ASKED`: `again` are the second network's scores."""
    return np.concatenate([scores, features[:, _OF_LISTS], again[:, URGENCY]], axis=1)


def _levels(scores: Floats, temperature: float) -> Floats:
    return softmax(scores[:, URGENCY] / np.float32(temperature))


def _log_odds(chances: Floats) -> Floats:
    held = chances.clip(_TINY, 1 - _TINY)
    odds: Floats = np.log(held / (1 - held))
    return odds


def load(path: Path, reader: Network) -> SecondLook:
    """The second look in a file: a number by what is asked, and the `bias`. ConfigurationError where it is none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, float])
        weight = np.array([found[name] for name in ASKED], dtype=np.float32)
        return SecondLook(weight, found["bias"], reader)
    except (OSError, msgspec.DecodeError, KeyError) as error:
        raise ConfigurationError([Problem("nlp.model", f"{path} is not a second look: {error}")]) from error


def save(path: Path, weight: Floats, bias: float) -> None:
    """Write the numbers by name."""
    numbers = zip((*ASKED, "bias"), (*weight, bias), strict=True)
    found = {name: round(float(number), 4) for name, number in numbers}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
