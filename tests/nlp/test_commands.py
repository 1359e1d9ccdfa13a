"""`train`, `evaluate` and `assess --model` as people call them."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from console.cli import main
from nlp import trained

LINES: list[Mapping[str, object]] = [
    *({"text": f"Der Tag war grau, Linie {number}", "sentiment": "positive", "lang": "de"} for number in range(40)),
    *({"text": f"Linie {number} ganz bunt heute", "sentiment": "neg", "lang": "de"} for number in range(40)),
]


def run(*words: str) -> int:
    """The exit code of a command line."""
    try:
        main(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def write(path: Path, lines: list[Mapping[str, object]]) -> Path:
    content = "\n".join(json.dumps(line) for line in lines)
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def test_train_then_evaluate_then_assess(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, model = write(tmp_path / "posts.jsonl.gz", LINES), tmp_path / "model"
    assert run("train", "--data", str(data), "--out", str(model)) == 0
    assert "sentiment accuracy" in capsys.readouterr().out
    account = json.loads((model / "report.json").read_text())
    assert len(account["folds"]["sentiment"]) == 5 and account["posts"] == len(LINES)
    assert "## Surest mistakes" in (model / "report.md").read_text()
    assert run("evaluate", "--model", str(model), "--data", str(data), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (sentiment,) = (one for one in report["figures"] if (one["question"], one["language"]) == ("sentiment", "all"))
    assert sentiment["accuracy"] > 0.95
    assert {mistake["text"] for mistake in report["mistakes"]} <= {""}
    posts = write(tmp_path / "new.jsonl", [{"text": "Linie 77 war grau"}])
    assert run("assess", str(posts), "--model", str(model), "--json") == 0
    assert json.loads(capsys.readouterr().out)["sentiment"] == "positive"


def test_a_model_of_another_version_is_no_reason_to_refuse_the_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = write(tmp_path / "posts.jsonl", LINES), tmp_path / "model"
    assert run("train", "--data", str(data), "--out", str(model)) == 0
    with np.load(model / trained.WEIGHTS) as file:
        arrays = dict(file)
    np.savez(model / trained.WEIGHTS, **{**arrays, "shipped": np.array("other")})
    capsys.readouterr()
    assert run("assess", str(data), "--model", str(model)) == 2
    assert "train it again" in capsys.readouterr().err
    assert run("train", "--data", str(data), "--out", str(model)) == 0
    assert "holds a model that cannot be used" in " ".join(capsys.readouterr().out.split())
    assert run("assess", str(data), "--model", str(model)) == 0


def test_an_evaluation_prints_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[Mapping[str, object]] = [
        {"text": f"{words} {number}", "lang": language, "sentiment": mood, "urgency": level, "intents": [intent]}
        for number in range(12)
        for words, language, mood, level, intent in (
            ("Das ist eine Frechheit, nichts geht", "de", "negative", 2, "complaint"),
            ("Danke, großartig geholfen", "de", "positive", 0, "praise"),
            ("this is broken and nobody answers", "en", "negative", 2, "complaint"),
            ("when do you open on Sunday?", "en", "neutral", 1, "question"),
        )
    ]
    data = write(tmp_path / "posts.jsonl", lines)
    assert run("evaluate", "--data", str(data), "--precision", "0.8", "--show-texts") == 0
    out = capsys.readouterr().out
    for name in ("micro-F1", "macro-F1", "macro-recall", "unknown", "ECE", "Brier", "posts/s", "worst language: "):
        assert name in out
    for question in ("sentiment", "urgency", "high", "critical", "needs_reply", "intent complaint"):
        assert question in out
    for title in ("sentiment, all", "sentiment, de", "sentiment, en", "urgency, all", "cutoff for 80% precision"):
        assert title in out
    assert "is \\ said" in out and "recall there" in out
    assert run("evaluate", "--data", str(data), "--errors", "1", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["mistakes"]) <= 1 and report["posts_per_second"] > 0
    for one in report["figures"]:
        assert one["classes"][0].keys() >= {"precision", "recall", "f1", "posts"}


def test_a_better_model_stays_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model"
    assert run("train", "--data", str(write(tmp_path / "a.jsonl", LINES)), "--out", str(model)) == 0
    before = (model / "model.json").read_bytes()
    moods = ("positive", "negative", "negative")
    noise: list[Mapping[str, object]] = [{**line, "sentiment": moods[hash_of(line) % 3]} for line in LINES]
    bad = write(tmp_path / "b.jsonl", noise)
    capsys.readouterr()
    assert run("train", "--data", str(bad), "--out", str(model), "--json") == 1
    said = capsys.readouterr()
    assert "worse" in said.err and json.loads(said.out)["posts"] == len(LINES)
    assert (model / "model.json").read_bytes() == before
    assert run("train", "--data", str(bad), "--out", str(model), "--force") == 0
    assert (model / "model.json").read_bytes() != before


def hash_of(line: Mapping[str, object]) -> int:
    """A number that has nothing to do with what the line says."""
    return sum(index * byte * byte for index, byte in enumerate(str(line["text"]).encode())) // 7


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad: list[Mapping[str, object]] = [{"text": "x", "sentiment": "happy"}, {"text": "y"}, {"text": "z", "urgency": 9}]
    data = write(tmp_path / "posts.jsonl", [*bad, *LINES])
    assert run("evaluate", "--data", str(data)) == 0
    captured = capsys.readouterr()
    assert "80 posts" in captured.out
    assert ":1" in captured.err or "line 1" in captured.err


def test_nothing_to_learn_from_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--out", str(tmp_path / "m")) != 0
    assert "no labelled posts" in capsys.readouterr().err
