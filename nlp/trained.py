"""A trained model in its folder: `weights.npz`, and `model.json` with its name, calibration and what it was trained on.

The shipped one is `nlp/models/`; `leitstand train` writes a folder of the same form that holds a site's own answers, to
go on top of the shipped weights.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from leitstand.errors import ConfigurationError, Problem
from nlp import network, own, verdict
from nlp.calibration import Calibration, Marks
from nlp.features import NAMES
from nlp.network import Floats, Network, Reading
from nlp.own import Answers, Own
from nlp.verdict import Verdict

SHIPPED = Path(__file__).parent / "models"
WEIGHTS, CARD = "weights.npz", "model.json"
_CRITICAL = NAMES.index("cue level 3")


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
    """The network, a site's own answers if it has any, and how to read their scores."""

    def __init__(self, card: Card, network: Network, own: Own | None = None) -> None:
        self.card = card
        self.network = network
        self._answers = Answers(own) if own else None

    def read(self, texts: Sequence[str], features: Floats) -> Reading:
        """The scores of folded texts and where they come from, before anything is decided."""
        seen = self.network.read(texts, features)
        return self._answers.improve(seen, features) if self._answers else seen

    def judge(self, texts: Sequence[str], features: Floats, language: str = "") -> list[Verdict]:
        """The verdicts on a batch of folded texts in one language."""
        seen, how = self.read(texts, features), self.card.calibration.of(language)
        return verdict.decide(texts, seen, how, named(features))


def named(features: Floats) -> Marks:
    """In which posts the word lists know something critical."""
    found: Marks = features[:, _CRITICAL] > 0
    return found


@cache
def load(path: str = "") -> Model:
    """The model in a folder; the shipped one where `path` is empty. One that cannot be used is a ConfigurationError."""
    shipped = _shipped()
    if not path:
        return shipped
    card = _card(Path(path))
    return Model(card, shipped.network, own.load(Path(path) / WEIGHTS, fingerprint()))


@cache
def fingerprint() -> str:
    """What tells the shipped weights from those of another version."""
    return hashlib.blake2b((SHIPPED / WEIGHTS).read_bytes(), digest_size=8).hexdigest()


def weights() -> dict[str, Floats]:
    """The arrays of the shipped weights."""
    return network.arrays(SHIPPED / WEIGHTS)


@cache
def _shipped() -> Model:
    return Model(_card(SHIPPED), network.load(SHIPPED / WEIGHTS))


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
