"""A trained model in its folder: `weights.npz`, and `model.json` with its name, calibration and what it was trained on.

The shipped one is `nlp/models/`, with the second look's files beside it; `leitstand train` writes a folder of the same
form that holds a site's own answers, to go on top of the shipped weights.
"""

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import msgspec

from leitstand.errors import ConfigurationError, Problem
from nlp import network, own, second_look, verdict
from nlp.calibration import Calibration, Marks
from nlp.network import Floats, Network, Reading
from nlp.own import Answers, Own
from nlp.second_look import SecondLook
from nlp.verdict import Verdict

SHIPPED = Path(__file__).parent / "models"
WEIGHTS, CARD, SECOND_LOOK, READER = "weights.npz", "model.json", "second_look.json", "critical.npz"


@dataclass(frozen=True, slots=True)
class Card:
    """What `model.json` says. `seen` are fingerprints of its training posts, `figures` its cross-validation."""

    name: str
    calibration: Calibration = field(default_factory=Calibration)
    questions: tuple[str, ...] = ()
    posts: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


class Model:
    """The network, a site's own answers if it has any, and how to read their scores.

    `second` is asked whether a post is critical, unless the site's own posts have taught how urgent posts are.
    """

    def __init__(self, card: Card, network: Network, own: Own | None = None, second: SecondLook | None = None) -> None:
        self.card = card
        self.network = network
        self._answers = Answers(own) if own else None
        self._second = second if "urgency" not in card.questions else None

    def unsure_below(self, least: float) -> Self:
        """The same model, that gives a sentiment only from this probability on."""
        found = copy(self)
        found.card = replace(self.card, calibration=replace(self.card.calibration, unknown=least))
        return found

    def read(self, texts: Sequence[str], features: Floats) -> Reading:
        """The scores of folded texts and where they come from, before anything is decided."""
        return self.answer(self.network.read(texts, features), features)

    def answer(self, seen: Reading, features: Floats) -> Reading:
        """The same of what the network has read."""
        found = self._answers.improve(seen, features) if self._answers else seen
        if self._second is None:
            return found
        return self._second.look(seen, found, features, self.card.calibration.urgency_temperature)

    def judge(
        self, texts: Sequence[str], features: Floats, language: str = "", named: Marks | None = None
    ) -> list[Verdict]:
        """The verdicts on a batch of folded texts in one language. Of intents that are `named` already, by post and
        intent, no places are told."""
        return verdict.decide(texts, self.read(texts, features), self.card.calibration.of(language), named)


@cache
def load(path: str = "") -> Model:
    """The model in a folder; the shipped one where `path` is empty. One that cannot be used is a ConfigurationError."""
    shipped = _shipped()
    if not path:
        return shipped
    card = _card(Path(path))
    answers = own.load(Path(path) / WEIGHTS, fingerprint())
    return Model(card, shipped.network, answers, _second())


@cache
def fingerprint() -> str:
    """What tells the shipped weights, and what is read beside them, from those of another version."""
    files = (SHIPPED / name for name in (WEIGHTS, SECOND_LOOK, READER))
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=8).hexdigest()


def weights() -> dict[str, Floats]:
    """The arrays of the shipped weights."""
    return network.arrays(SHIPPED / WEIGHTS)


@cache
def _shipped() -> Model:
    return Model(_card(SHIPPED), network.load(SHIPPED / WEIGHTS), second=_second())


@cache
def _second() -> SecondLook:
    return second_look.load(SHIPPED / SECOND_LOOK, reader())


@cache
def reader() -> Network:
    """The network that reads again what may be critical."""
    return network.load(SHIPPED / READER)


def _card(folder: Path) -> Card:
    try:
        return msgspec.json.decode((folder / CARD).read_bytes(), type=Card)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError([Problem("nlp.model", f"{folder} is not a trained model: {error}")]) from error


def save(folder: Path, card: Card, answers: Own) -> None:
    """Write a site's model. The one that was there stays until the new one is whole, and two renames replace it."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        new = Path(unfinished)
        own.save(new / WEIGHTS, answers)
        (new / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1))
        (new / WEIGHTS).replace(folder / WEIGHTS)
        (new / CARD).replace(folder / CARD)
