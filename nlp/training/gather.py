"""Every text the shipped weights learn from: our corpus, our word lists, and the permissive sets in a folder.

A set is `<name>.<split>.jsonl.gz` with a line per post: `id`, `text`, `lang`, and its own labels. A missing set is left
out. Where labels of ours speak of a row (`labels/`, or the set `triage_labels`), they take the place of its own.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leitstand.model import Intent, Urgency

CORPUS = Path(__file__).parent / "corpus"
LABELS = Path(__file__).parent / "labels"
LEXICONS = Path(__file__).parents[1] / "lexicons"
LANGUAGES = ("de", "en")
SENTIMENTS = {"negative": 0, "neutral": 1, "positive": 2, "neg": 0, "neu": 1, "pos": 2}
_INTENTS = [intent.value for intent in Intent]

# How much a post of each set counts for the teacher. Sets without labels of ours are only read by the student.
RATED = {
    "mobasa.dev": 0.7,
    "potts.train": 0.7,
    "potts.dev": 0.7,
    "guhr_emotions.train": 0.15,
    "guhr_emotions.dev": 0.15,
    "vader_tweets.train": 0.8,
    "vader_tweets.dev": 0.8,
}
OFFENCES = ("germeval2018.train", "germeval2018.dev")
UNRATED = ("massive_de.train", "banking77.train", "crisislex_t26.train")
OURS, TRIAGE, OFFENCE, WORD = 1.3, 1.0, 0.4, 0.15

# Files of ours from this number on are shared out to two halves (see `nlp.training.second_look`); those of one writer
# have one number, for he may tell of the same in both languages.
HALVED_FROM, HALVES = 116, 2
_EACH = 5  # critical post is heard once more, repeated by somebody

Rows = Iterator[dict[str, object]]
Rest = Callable[[str], Rows]  # the rows of a set that no label of ours speaks of
Label = tuple[int, int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what is known of it; -1 and None: nothing. `origin` is the set's name, `half` which of two."""

    text: str
    language: str
    origin: str
    sentiment: int = -1
    urgency: int = -1
    intents: tuple[int, ...] | None = None
    weight: float = 1.0
    half: int = -1

    @property
    def is_labelled(self) -> bool:
        return self.sentiment >= 0 or self.urgency >= 0


def gather(data: Path) -> list[Example]:
    """All examples in German and English, in a fixed order."""
    labels = {path.stem: _labels(path) for path in sorted(LABELS.glob("*.tsv"))}
    spoken = {row["row"] for row in _rows(data, "triage_labels.train")}.union(*labels.values())

    def rest(name: str) -> Rows:
        return (row for row in _rows(data, name) if row["id"] not in spoken)

    ours = [*_triage(data), *_labelled(data, labels)]
    found = [*ours, *_rated(rest), *_offences(rest), *_unrated(rest), *_ours(), *_words(data)]
    return [example for example in found if example.language in LANGUAGES and example.text.strip()]


def repeated(examples: Sequence[Example]) -> list[Example]:
    """Some critical posts as others repeat them: the one that is repeated wakes people, not the one that repeats it."""
    critical = [one for one in examples if one.urgency == Urgency.CRITICAL][::_EACH]
    return [replace(one, text=f"RT @pendler42: {one.text}", urgency=0) for one in critical]


def _rows(data: Path, name: str) -> Rows:
    path = data / f"{name}.jsonl.gz"
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _triage(data: Path) -> Iterator[Example]:
    for row in _rows(data, "triage_labels.train"):
        yield Example(
            str(row["text"]),
            str(row["lang"]),
            "triage_labels",
            SENTIMENTS[str(row["sentiment"])],
            int(str(row["urgency"])),
            tuple(_INTENTS.index(name) for name in row["intents"]),  # type: ignore[attr-defined]
            TRIAGE,
        )


def _labels(path: Path) -> dict[str, Label]:
    """Lines of a row's id, sentiment, urgency and intents, separated by tabs."""
    found: dict[str, Label] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            row, mood, urgency, intents = line.split("\t")
            found[row] = (SENTIMENTS[mood], int(urgency), tuple(_INTENTS.index(name) for name in intents.split(",")))
    return found


def _labelled(data: Path, labels: Mapping[str, Mapping[str, Label]]) -> Iterator[Example]:
    """Rows of the permissive sets with labels of ours, which mean what those of `triage_labels` do."""
    for name, known in labels.items():
        for row in _rows(data, name):
            if label := known.get(str(row["id"])):
                yield Example(str(row["text"]), str(row["lang"]), "triage_labels", *label, TRIAGE)


def _rated(rest: Rest) -> Iterator[Example]:
    for name, weight in RATED.items():
        for row in rest(name):
            if row["sentiment"] in SENTIMENTS:
                mood = SENTIMENTS[str(row["sentiment"])]
                yield Example(str(row["text"]), str(row["lang"]), name.split(".")[0], mood, weight=weight)


def _offences(rest: Rest) -> Iterator[Example]:
    """An offence is negative; what is none may be anything."""
    for name in OFFENCES:
        for row in rest(name):
            mood = 0 if row["coarse"] == "OFFENSE" else -1
            yield Example(str(row["text"]), "de", "germeval2018", mood, weight=OFFENCE)


def _unrated(rest: Rest) -> Iterator[Example]:
    for name in UNRATED:
        for row in rest(name):
            yield Example(str(row["text"]), str(row["lang"]), name.split(".")[0])


def _ours() -> Iterator[Example]:
    """Lines of sentiment, urgency, intents and text, separated by tabs."""
    for path in sorted(CORPUS.glob("*.tsv")):
        number = int(path.name.split("_")[1])
        half = number % HALVES if number >= HALVED_FROM else -1
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                mood, urgency, intents, text = line.split("\t")
                named = tuple(_INTENTS.index(name) for name in intents.split(",") if name)
                plain = text.replace("\\n", "\n")
                yield Example(plain, path.name[:2], "corpus", SENTIMENTS[mood], int(urgency), named, OURS, half)


def _words(data: Path) -> Iterator[Example]:
    """The words of the polarity lists, each a very short post."""
    vader = data / "lexicons" / "vader_lexicon.txt.gz"
    if vader.exists():
        with gzip.open(vader, "rt", encoding="utf-8") as lines:
            for word, value, *_ in (line.split("\t") for line in lines):
                if len(word) > 2 and word.isalpha():
                    yield Example(word, "en", "lexicon", _mood(float(value), 0.5), weight=WORD)
    for language in LANGUAGES:
        for line in (LEXICONS / f"sentiment.{language}.tsv").read_text(encoding="utf-8").splitlines():
            pattern, _, rest = line.partition("\t")
            if rest and not line.startswith("# ") and not set(pattern) & set("*(.<"):
                yield Example(pattern, language, "lexicon", _mood(float(rest.split("\t")[0]), 0.0), weight=WORD)


def _mood(value: float, least: float) -> int:
    return 0 if value < -least else 2 if value > least else 1
