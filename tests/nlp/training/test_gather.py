"""Labels of ours of rows whose texts are elsewhere: what they say takes the place of what the set says."""

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from nlp.folding import fold
from nlp.training.gather import CORPUS, HALVED_FROM, LABELS, Example, gather, repeated

FILES = sorted(LABELS.glob("*.tsv"))
HELD_OUT = LABELS.parent / "held_out"
OURS = "mobasa-1082171446959443968"
LINE = re.compile(r"[a-z0-9-]+\t(neg|neu|pos)\t[0-3]\t[a-z]+(,[a-z]+)*")


def kept(folder: Path, name: str, *rows: Mapping[str, object]) -> None:
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def of_sets(folder: Path) -> list[Example]:
    return [example for example in gather(folder) if example.origin not in ("corpus", "lexicon")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_labels_of_each_row_once_and_no_text(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len({line.split("\t")[0] for line in lines}) == len(lines) > 0


def test_a_row_with_a_label_of_ours_is_given_once_with_it(tmp_path: Path) -> None:
    other = {"id": "mobasa-1", "text": "Der Bus ist da", "lang": "de", "sentiment": "neutral"}
    kept(tmp_path, "mobasa.dev", {"id": OURS, "text": "Der Lift", "lang": "de", "sentiment": "negative"}, other)
    ours, theirs = of_sets(tmp_path)
    assert (ours.text, ours.origin, ours.sentiment, ours.urgency) == ("Der Lift", "triage_labels", 1, 1)
    assert ours.intents
    assert (theirs.text, theirs.origin, theirs.sentiment, theirs.urgency) == ("Der Bus ist da", "mobasa", 1, -1)


def test_a_row_of_the_triage_labels_is_not_given_by_its_own_set_again(tmp_path: Path) -> None:
    row = {"text": "Wo bleibt er?", "lang": "de", "sentiment": "negative"}
    kept(tmp_path, "mobasa.dev", {"id": "mobasa-1", **row})
    kept(tmp_path, "triage_labels.train", {"row": "mobasa-1", "urgency": 2, "intents": ["question"], **row})
    assert [(example.origin, example.urgency) for example in of_sets(tmp_path)] == [("triage_labels", 2)]


def test_a_set_that_is_missing_is_left_out(tmp_path: Path) -> None:
    assert of_sets(tmp_path) == []


def test_what_measures_us_is_not_what_we_learn_from(tmp_path: Path) -> None:
    files = sorted(HELD_OUT.glob("*.jsonl"))
    held_out = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    learned = {fold(example.text).text for example in gather(tmp_path) if example.origin == "corpus"}
    assert len(held_out) == 2_470 and learned
    assert not [post["text"] for post in held_out if fold(post["text"]).text in learned]


def test_the_newest_posts_are_shared_out_to_two_halves_by_writer(tmp_path: Path) -> None:
    half = {example.text: example.half for example in gather(tmp_path) if example.origin == "corpus"}
    assert {*half.values()} == {-1, 0, 1}
    for path in CORPUS.glob("*.tsv"):
        number = int(path.name.split("_")[1])
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        halves = {half[line.split("\t")[3].replace("\\n", "\n")] for line in lines}
        assert halves == ({number % 2} if number >= HALVED_FROM else {-1}), path.name


def test_one_critical_post_in_five_is_repeated_and_then_wakes_nobody() -> None:
    posts = [Example(f"smoke {number}", "en", "corpus", 0, 3 - number % 2) for number in range(20)]
    assert [(one.text, one.urgency) for one in repeated(posts)] == [
        ("RT @pendler42: smoke 0", 0),
        ("RT @pendler42: smoke 10", 0),
    ]
