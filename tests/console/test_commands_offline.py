"""The commands that need no database: assess, query, integrations, try; and how each refuses bad usage."""

import gzip
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from typer.main import get_command

from console.cli import COMMANDS, build
from console.offline.assessing import assess, form
from console.offline.posts import MAX_LINE, Post
from console.offline.wording import unabridged
from leitstand.model import Mention
from nlp import pipeline
from tests.console.commanding import Leitstand

MINE = ("init", "try", "check", "integrations", "replay", "assess", "query", "cases", "deliveries", "listeners")
LINES: list[dict[str, object]] = [
    {"id": 7, "text": "Acme Cloud ist down, unser Shop steht!", "match": True},
    {"id": "b", "text": "I love the acme service, thanks", "label": False},
    {"text": "acme cloud, wieder da"},
]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in LINES))
    return path


def test_assess_tells_of_each_post_in_the_order_of_the_file(leitstand: Leitstand, posts: Path) -> None:
    ended = leitstand("assess", posts, "--json")
    assert ended.code == 0
    assert [row["id"] for row in ended.rows] == [7, "b", 3]
    first = ended.rows[0]
    assert (first["language"], first["needs_reply"]) == ("de", True)
    assert first["sentiment"] in ("negative", "neutral")  # a fault that is told without blame
    assert first["urgency"] in (2, 3)
    assert "outage" in first["intents"]
    said = str(LINES[0]["text"])
    assert "ist down" in {said[r["start"] : r["end"]] for r in first["reasons"]}


@pytest.mark.parametrize("words", [("assess",), ("query", "test", "acme"), ("stories",)])
def test_a_post_without_words_is_a_post(leitstand: Leitstand, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "pictures.jsonl"
    path.write_text('{"id": "picture", "text": ""}\n{"id": "blank", "text": " \\n"}\n')
    ended = leitstand(*words, path, "--json")
    assert ended.code == 0
    assert [row["id"] for row in ended.rows] == ["picture", "blank"]
    for row in ended.rows:
        assert row.get("language", "unknown") == row.get("sentiment", "unknown") == "unknown"
        assert not row.get("urgency") and not row.get("needs_reply") and not row.get("match")
    assert len({row.get("story", row["id"]) for row in ended.rows}) == 2


def test_assess_answers_as_the_configuration_would(leitstand: Leitstand, posts: Path, tmp_path: Path) -> None:
    config = tmp_path / "leitstand.toml"
    config.write_text('[nlp]\nmodel = "nowhere"\n')
    ended = leitstand("assess", posts, "--json", "--config", config)
    assert ended.code == 2 and str(tmp_path / "nowhere") in ended.err
    config.write_text('[nlp]\nproducts = { shop = ["Shop"] }\n')
    with_products, without = (leitstand("assess", posts, "--json", *given).rows for given in (("-c", config), ()))
    assert {"about": "product", "cue": "shop"}.items() <= with_products[0]["reasons"][-1].items()
    assert all(reason["about"] != "product" for row in without for reason in row["reasons"])


def test_assess_shows_people_a_table(leitstand: Leitstand, posts: Path) -> None:
    ended = leitstand("assess", posts)
    assert "Acme Cloud ist down" in ended.out
    assert "3 posts assessed" in ended.out


def test_bad_lines_are_reported_with_their_number_and_the_others_go_on(leitstand: Leitstand, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    long = b'{"text": "' + b"x" * MAX_LINE + b'"}'
    bad = [b"broken", b'{"text": null}', b'{"text": "nul \\u0000"}', b'{"text": "half \\ud800"}', b"[1]", long]
    path.write_bytes(b"\n\n".join([*bad, b'{"id": 1, "text": "hello there", "more": "\\ud800"}']))
    ended = leitstand("assess", path, "--json")
    assert [row["id"] for row in ended.rows] == [1]
    assert re.findall(r"posts\.jsonl:(\d+): skipped", ended.err) == ["1", "3", "5", "7", "9", "11"]
    assert ended.code == 1


def test_a_packed_file_is_read_whatever_its_name(leitstand: Leitstand, posts: Path) -> None:
    packed = posts.with_name("packed")
    packed.write_bytes(gzip.compress(posts.read_bytes()))
    assert len(leitstand("assess", packed, "--json").rows) == 3


def test_a_damaged_packed_file_says_how_far_it_was_read(leitstand: Leitstand, posts: Path) -> None:
    packed = posts.with_name("packed.gz")
    packed.write_bytes(gzip.compress(posts.read_bytes())[:-12])
    ended = leitstand("query", "test", "acme", packed, "--json")
    assert ended.code == 2
    assert "cannot be read beyond line" in ended.err


def test_standard_input_is_read(leitstand: Leitstand, posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(posts.read_bytes()))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert len(leitstand("assess", "-", "--json").rows) == 3


def test_a_query_is_tried_on_a_file(leitstand: Leitstand, posts: Path) -> None:
    ended = leitstand("query", "test", "acme AND (down OR wieder)", posts, "--json")
    assert ended.code == 0
    assert [(row["id"], row["match"]) for row in ended.rows] == [(7, True), ("b", False), (3, True)]
    assert ended.rows[0]["spans"] == [[0, 4], [15, 19]]
    assert ended.rows[1]["spans"] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("acme AND down", "precision 100.0%, recall 100.0%"),
        ("acme", "precision 50.0%, recall 100.0%"),
        ("nobody", "precision –, recall 0.0%"),
    ],
)
def test_labels_give_precision_and_recall(leitstand: Leitstand, posts: Path, query: str, said: str) -> None:
    ended = leitstand("query", "test", query, posts)
    assert f"Of 2 labelled posts: {said}." in ended.out


@pytest.mark.parametrize("words", [("lint",), ("test",)])
def test_a_refused_query_is_marked_under_the_place(leitstand: Leitstand, posts: Path, words: tuple[str, ...]) -> None:
    ended = leitstand("query", *words, "acme AND down OR up", *([posts] if words == ("test",) else []))
    assert ended.code == 2
    query, carets, *rest = ended.err.splitlines()
    assert query[carets.index("^") : carets.rindex("^") + 1] == "OR"
    assert "write (acme AND down) OR up" in rest


def test_lint_in_json(leitstand: Leitstand) -> None:
    refused = leitstand("query", "lint", "acme AND", "--json")
    assert refused.code == 2
    assert (refused.rows[0]["ok"], refused.rows[0]["error"]["start"]) == (False, 5)
    doubted = leitstand("query", "lint", "acme and down", "--json")
    assert doubted.code == 0
    assert doubted.rows[0]["ok"] and doubted.rows[0]["warnings"]


def test_a_query_may_begin_with_a_minus(leitstand: Leitstand) -> None:
    assert "a minus excludes nothing" in leitstand("query", "lint", "-acme down").out


def test_integrations_lists_every_kind_with_its_secrets(leitstand: Leitstand, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = leitstand("integrations", "--json").rows
    webhook = next(row for row in rows if row["name"] == "webhook")
    secrets = {option["name"] for option in webhook["options"] if option["secret"]}
    assert secrets >= {"secret", "previous_secret"}
    assert {row["table"] for row in rows} == {"listeners", "targets"}
    everything = leitstand("integrations").out
    assert all(row["name"] in everything for row in rows)
    assert "…" not in everything, "an address that is cut short leads nowhere"
    monkeypatch.setenv("COLUMNS", "300")
    assert "'leitstand[googleplay]'" in leitstand("integrations").out, "what is in brackets is no markup"


def test_a_narrow_screen_cuts_no_word_short() -> None:
    table = unabridged("channel", *(["acknowledged, median"] * 4))
    table.add_row("mastodon", *(["2026-11-27"] * 4))
    said = io.StringIO()
    Console(file=said, width=30).print(table)
    assert "…" not in said.getvalue() and sorted("".join(said.getvalue().split())) == sorted(
        "channelmastodon" + ("acknowledged,median" + "2026-11-27") * 4
    )


def test_integrations_explains_one_kind(leitstand: Leitstand) -> None:
    said = leitstand("integrations", "webhook").out
    assert "[targets.sev1-group]" in said
    assert "previous_secret" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("assess",), "Missing argument"),
        (("assess", "no-such-file"), "cannot read no-such-file: No such file"),
        (("assess", "."), "cannot read .: Is a directory"),
        (("query", "test", "acme", "no-such-file"), "cannot read no-such-file"),
        (("query", "lint", "--config", "no-such.toml"), "`leitstand init` writes one"),
        (("query", "explain"), "`leitstand init` writes one"),
        (("evaluate", "--data", "no-such-file"), "cannot read no-such-file: No such file or directory"),
        (("integrations", "fax"), "there is no kind 'fax'; known: api"),
        (("check", "--config", "no-such.toml"), "`leitstand init` writes one"),
        (("try", "x.jsonl", "--config", "no-such.toml"), "`leitstand init` writes one"),
        (("cases", "zwei"), "should be a valid integer"),
        (("cases", "--severity", "sev9"), "sev1"),
        (("deliveries", "list", "--state", "lost", "--config", "x"), "there is no state 'lost'; known: pending"),
        (("deliveries", "retry"), "name deliveries, or --target, or --all"),
        (("nonsense",), "No such command"),
    ],
)
def test_bad_usage_ends_with_2_and_says_what_is_wrong(
    leitstand: Leitstand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = leitstand(*words)
    assert ended.code == 2
    assert said in " ".join(re.sub("[│╭╮╰╯─]", " ", ended.err).split())
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", MINE)
def test_help_shows_an_example(leitstand: Leitstand, name: str) -> None:
    assert name in COMMANDS
    ended = leitstand(name, "--help")
    assert ended.code == 0
    assert f"Example: leitstand {name}" in " ".join(ended.out.split())


def test_every_command_of_the_list_can_be_loaded() -> None:
    assert all(build(name).registered_commands or build(name).registered_groups for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_loses_words_in_brackets(name: str) -> None:
    shown = [getattr(part, "help", None) or "" for part in _parts_of(get_command(build(name)))]
    assert [Text.from_markup(said).plain for said in shown] == shown


def test_what_reads_no_configuration_does_not_look_for_it(leitstand: Leitstand) -> None:
    assert leitstand("query", "format", "acme  down", "--config", "nowhere.toml").out == "acme AND down\n"


def _parts_of(command: object) -> Iterator[object]:
    yield command
    yield from getattr(command, "params", ())
    for inner in getattr(command, "commands", {}).values():
        yield from _parts_of(inner)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("test acme - --json <&-", 0, "0 of 0 posts match.\n"),
        ("format acme --json >&-", 0, ""),
        ("format acme >/dev/full", 1, "leitstand: cannot write: No space left on device\n"),
    ],
)
def test_closed_streams_and_full_disks_are_no_traceback(words: str, code: int, said: str) -> None:
    command, root = f'exec "{sys.executable}" -m console query {words}', Path(__file__).parents[2]
    ended = subprocess.run(["sh", "-c", command], cwd=root, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (code, said)


def test_ctrl_c_while_it_starts_ends_it_without_a_word(leitstand: Leitstand, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "console.commands.integrations_":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "console.commands.integrations_", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    ended = leitstand("integrations")
    assert (ended.code, ended.out, ended.err) == (130, "", "")


NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ASSESSOR = pipeline.load()
CUES = ("data leak", "ist down", "kann mich nicht einloggen", "my lawyer", "geht nichts mehr")
noise = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)


@given(before=noise, cue=st.sampled_from(CUES), upper=st.booleans(), after=noise)
@settings(max_examples=100, deadline=None)
def test_offsets_slice_to_the_words_of_the_cue(before: str, cue: str, upper: bool, after: str) -> None:
    text = f"{before} . {cue.upper() if upper else cue} . {after}"
    post = Post(1, 1, Mention("file", "1", text, NOW, NOW))
    done = next(assess([post], ASSESSOR))
    assert isinstance(done, tuple)
    for reason in form(*done).reasons:
        assert 0 <= reason.start < reason.end <= len(text)
        said = text[reason.start : reason.end]
        assert said == said.strip()
        if reason.cue == cue and text.casefold().count(cue) == 1:
            assert said.casefold() == cue
