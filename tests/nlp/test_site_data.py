"""What people really hand to `train` and `evaluate`: answers that say nothing, the same posts twice, a class alone."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, Engine, text

from console.cli import main
from console.offline.labelled import read_labelled
from console.offline.posts import Refused
from leitstand.errors import InputError
from leitstand.model import Intent, Sentiment, Urgency
from nlp import pipeline, site, trained
from nlp.evaluation import evaluate
from nlp.labels import Label, Labelled, correct
from nlp.verdict import FEELINGS

DAY = Path(__file__).parents[2] / "console" / "demo" / "bad_tuesday.jsonl"
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
LINES: list[Mapping[str, object]] = [
    *({"text": f"Der Tag war grau, Linie {number}", "sentiment": "positive"} for number in range(40)),
    *({"text": f"Linie {number} ganz bunt heute", "sentiment": "negative"} for number in range(40)),
]


class Truth(msgspec.Struct):
    sentiment: Sentiment
    urgency: int


class Told(msgspec.Struct):
    """A post of the bundled day, and what is true of it."""

    text: str
    truth: Truth


def run(*words: str) -> int:
    """The exit code of a command line."""
    try:
        main(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def write(path: Path, lines: list[Mapping[str, object]], head: bytes = b"") -> Path:
    path.write_bytes(head + "\n".join(json.dumps(line) for line in lines).encode())
    return path


def quiet(doing: str, share: float) -> None:
    """Progress nobody looks at."""


def test_an_answer_that_says_nobody_knows_is_neither_learned_nor_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "posts.jsonl", [{"text": "Linie 7?", "sentiment": "unknown"}, *LINES])
    assert run("evaluate", "--data", str(data), "--json") == 0
    assert figures(capsys, "sentiment")["posts"] == len(LINES)
    assert run("train", "--data", str(data), "--out", str(tmp_path / "model"), "--json") == 0
    assert figures(capsys, "sentiment")["posts"] == len(LINES)


def figures(capsys: pytest.CaptureFixture[str], question: str) -> dict[str, object]:
    told = json.loads(capsys.readouterr().out)["figures"]
    return next(one for one in told if (one["question"], one["language"]) == (question, "all"))


def test_a_mark_that_editors_leave_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    found = list(read_labelled(write(tmp_path / "posts.jsonl", LINES, b"\xef\xbb\xbf")))
    assert len(found) == len(LINES) and not [one for one in found if isinstance(one, Refused)]


@pytest.mark.parametrize(
    "line", [b'{"a":' + b"[" * 100_000, b"\xff\xfe{}", b"null", b'{"text":"x","urgency":true}', b"{"]
)
def test_a_line_that_nobody_can_read_is_refused_and_the_others_are_taken(tmp_path: Path, line: bytes) -> None:
    found = list(read_labelled(write(tmp_path / "posts.jsonl", LINES, line + b"\n")))
    assert [isinstance(one, Refused) for one in found] == [True, *(False for _ in LINES)]


def test_what_was_learned_by_heart_does_not_count_as_understood() -> None:
    """Labels by chance cannot be learned; each post is there five times."""
    dice, words = random.Random(11), ["grau", "bunt", "leise", "laut", "warm", "kalt", "rund", "weich", "hart", "hoch"]
    noise = [
        Labelled(f"{n}", f"{words[n % 10]} {words[n * 7 % 9]} {n}", Label(sentiment=dice.choice(list(FEELINGS))))
        for n in range(60)
    ]
    found = site.train(noise * 5, trained.load(), pipeline.load(), NOW, quiet)
    assert found.card.figures["sentiment accuracy"] < 0.6


@pytest.mark.parametrize("alike", [True, False])
def test_one_answer_alone_or_few_posts_many_times_teach_nothing(alike: bool) -> None:
    posts = [
        Labelled(
            f"{number}",
            f"Linie {number if alike else number % 20}",
            Label(sentiment=FEELINGS[0 if alike else number % 20 % 3]),
        )
        for number in range(80)
    ]
    with pytest.raises(InputError, match="50 labelled posts with more than one answer"):
        site.train(posts, trained.load(), pipeline.load(), NOW, quiet)


def test_a_model_that_has_learned_more_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model"
    both: list[Mapping[str, object]] = [{**line, "urgency": place % 3} for place, line in enumerate(LINES)]
    assert run("train", "--data", str(write(tmp_path / "a.jsonl", both)), "--out", str(model), "--force") == 0
    before = (model / trained.CARD).read_bytes()
    less = str(write(tmp_path / "b.jsonl", LINES))
    assert run("train", "--data", less, "--out", str(model)) == 1
    assert "has learned urgency" in " ".join(capsys.readouterr().out.split())
    assert (model / trained.CARD).read_bytes() == before
    assert sorted(path.name for path in model.iterdir()) == ["model.json", "report.json", "report.md", "weights.npz"]


def test_where_no_model_can_be_written_is_said_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run("train", "--data", str(tmp_path / "missing"), "--out", str(tmp_path / "file" / "model")) == 2
    assert "is no folder" in capsys.readouterr().err


def test_the_shipped_model_is_measured_as_it_answers() -> None:
    """What begins with an account's name is high from a lower probability on: beside a site's model, too."""
    day = [msgspec.json.decode(line, type=Told) for line in DAY.read_bytes().splitlines()]
    posts = [
        Labelled(str(place), f"@acme {post.text}", Label(post.truth.sentiment, Urgency(post.truth.urgency)))
        for place, post in enumerate(day[:120])
    ]
    assessor = pipeline.load()
    found, told = site.train(posts, trained.load(), assessor, NOW, quiet), evaluate(assessor, posts, NOW)
    for name in ("sentiment", "urgency"):
        measured = told.of(name)
        assert measured is not None
        assert found.shipped[f"{name} accuracy"] == pytest.approx(measured.accuracy, abs=1e-4)


def test_what_people_corrected_is_learned_also_where_they_said_that_nobody_knows(
    tmp_path: Path, database: Engine, database_url_of_test: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.begin() as connection:
        for number, line in enumerate([*LINES, {"text": "Linie 7?", "sentiment": "unknown"}]):
            mention = add_mention(connection, str(line["text"]))
            said = Label(Sentiment(str(line["sentiment"])), Urgency(number % 2), (Intent.INFO,), False)
            correct(connection, mention, said, "ada", NOW)
    (tmp_path / "leitstand.toml").write_text(f'[database]\nurl = "{database_url_of_test}"\n')
    where = ("--config", str(tmp_path / "leitstand.toml"), "--out", str(tmp_path / "model"))
    assert run("train", "--from-labels", *where, "--force", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["posts"], told["questions"]) == (len(LINES) + 1, ["sentiment", "urgency"])  # one intent says nothing


def add_mention(connection: Connection, words: str) -> int:
    row = connection.execute(
        text(
            "INSERT INTO mentions (channel, external_id, listener, watchlists, own, url, title, text, language, kind,"
            " author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)"
            " VALUES ('x', :words, 'l', '{}', false, '', '', :words, 'de', 'post', '', '', '', '', '', '{}', 0,"
            " :now, :now) RETURNING id"
        ),
        {"words": words, "now": NOW},
    )
    return int(row.scalar_one())
