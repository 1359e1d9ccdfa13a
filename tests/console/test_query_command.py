"""`leitstand query`: lint of a query or a configuration, format, explain, and test's marks."""

import json
from pathlib import Path

import pytest

from console.commands import query_
from console.offline import querying
from console.offline.posts import Post
from leitstand import clock
from listeners.incoming import decode_line
from tests.console.commanding import Leitstand

CONFIG = """
[[watchlists]]
name = "all"
query = 'acme'
[[watchlists]]
name = "cloud"
query = 'acme cloud AND ac*'
[[watchlists]]
name = "other"
query = 'other AND lang:de AND lang:en'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "leitstand.toml"
    path.write_text(CONFIG)
    return path


def test_lint_tells_of_a_whole_configuration(leitstand: Leitstand, config: Path) -> None:
    ended = leitstand("query", "lint", "--config", config)
    assert ended.code == 0
    assert "no operator between these" in ended.out
    assert "never matches" in ended.out
    assert "cloud: every post of it is also one of all." in ended.out
    assert "3 watchlists can be used; 4 doubts above." in ended.out


def test_lint_of_a_configuration_for_programs(leitstand: Leitstand, config: Path) -> None:
    rows = {row["watchlist"]: row for row in leitstand("query", "lint", "--config", config, "--json").rows}
    assert rows["all"] == {"watchlist": "all", "ok": True, "warnings": [], "overlaps": []}
    assert rows["cloud"]["overlaps"] == ["all"]
    assert rows["other"]["warnings"][0]["start"] == len("other AND lang:de AND ")


def test_lint_of_a_configuration_with_a_query_that_is_refused(leitstand: Leitstand, config: Path) -> None:
    config.write_text(CONFIG.replace("'acme'", "'acme AND b OR c'"))
    ended = leitstand("query", "lint", "--config", config)
    assert ended.code == 2
    assert "AND and OR on one level" in ended.err


def test_an_empty_query_is_not_the_configuration(leitstand: Leitstand, config: Path) -> None:
    ended = leitstand("query", "lint", "", "--config", config)
    assert ended.code == 2
    assert "the query is empty" in ended.err


def test_format(leitstand: Leitstand) -> None:
    assert leitstand("query", "format", "acme (down OR  up)").out == "acme AND (down OR up)\n"
    assert leitstand("query", "format", "a b", "--json").rows == [{"query": "a AND b"}]
    refused = leitstand("query", "format", "a AND")
    assert refused.code == 2
    assert "AND has nothing after it" in refused.err


@pytest.fixture
def typical(tmp_path: Path) -> Path:
    """Ten posts in two days: five with acme, of which two are about Störung."""
    texts = ["acme Störung", "acme stört", "acme a", "acme b", "acme c", *("other" for _ in range(5))]
    rows = [
        {"text": text, "created_at": f"2026-03-0{2 + 2 * (at == 9)}T08:00:00Z", "channel": "x"}
        for at, text in enumerate(texts)
    ]
    path = tmp_path / "typical.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nnot a post\n")
    return path


def test_explain_tells_what_is_asked_what_is_checked_and_what_it_costs(leitstand: Leitstand, typical: Path) -> None:
    rows = {
        row["source"]: row for row in leitstand("query", "explain", "acme AND stör*", "--posts", typical, "--json").rows
    }
    assert rows["x-search"]["pushed"] == ["acme"]
    assert rows["x"]["checked_here"] == ["stör*"]
    assert rows["x"]["over_fetch"] == 2.5
    assert rows["x"]["posts_a_day"] == 2.5
    assert rows["x"]["cost_a_day"] == pytest.approx(2.5 * 0.005)
    assert rows["bluesky"]["pushed"] is None
    assert rows["hackernews"]["cost_a_day"] is None


def test_explain_of_a_configuration(leitstand: Leitstand, config: Path) -> None:
    rows = leitstand("query", "explain", "--config", config, "--json").rows
    assert list(dict.fromkeys(row["watchlist"] for row in rows)) == ["all", "cloud", "other"]
    (x, *_) = leitstand("query", "explain", "--config", config, "--watchlist", "all", "--json").rows
    assert (x["watchlist"], x["source"], x["pushed"][0][:8]) == ("all", "x", "acme OR ")
    said = leitstand("query", "explain", "-c", config, "-w", "all").out
    assert said.startswith("all: acme\n\nx: ")


@pytest.mark.parametrize("what", ["explain", "lint"])
def test_a_watchlist_that_is_not_there_or_too_much(leitstand: Leitstand, config: Path, what: str) -> None:
    ended = leitstand("query", what, "--config", config, "--watchlist", "al")
    assert (ended.code, ended.err) == (2, "there is no watchlist 'al'; known: all, cloud, other\n")
    ended = leitstand("query", what, "acme", "--config", config, "--watchlist", "all")
    assert (ended.code, ended.out) == (2, "")


def test_lint_of_one_watchlist(leitstand: Leitstand, config: Path) -> None:
    said = leitstand("query", "lint", "--config", config, "--watchlist", "all").out
    assert "cloud: every post of it is also one of all." in said
    assert "no operator" not in said
    assert "1 watchlist can be used; 1 doubt above." in said


def test_explain_for_people(leitstand: Leitstand, typical: Path) -> None:
    said = leitstand("query", "explain", "acme AND stör*", "--posts", typical, "--a-day", "1000").out
    assert "checked here only: stör*" in said
    assert "about 2.5 posts come for each that matches; 2,500 posts a day, US$ 12.50 at 0.005 each" in said
    assert "mastodon: the public stream is read" in said


def test_explain_without_a_sample(leitstand: Leitstand) -> None:
    ended = leitstand("query", "explain", "acme AND channel:blog")
    assert "x: no post of it can match; it is not asked" in ended.out
    assert "--posts FILE" in ended.out
    (x, *_) = leitstand("query", "explain", "acme", "--a-day", "10", "--json").rows
    assert (x["over_fetch"], x["posts_a_day"]) == (None, 10)


def test_explain_names_the_group_that_one_part_keeps_from_being_asked(leitstand: Leitstand) -> None:
    (x, *_) = leitstand("query", "explain", "acme AND (down OR stör*)", "--json").rows
    assert x["checked_here"] == ["down OR stör*"]


def test_explain_of_a_refused_query(leitstand: Leitstand) -> None:
    ended = leitstand("query", "explain", "NOT acme")
    assert ended.code == 2
    assert "nothing here selects posts" in ended.err


def test_the_places_found_are_marked_in_colour() -> None:
    mention = decode_line(b'{"text": "Acme is down", "title": "On acme"}', clock.now(), "x")
    table = query_._table()
    query_._add(table, querying.Tested(Post(1, 1, mention), True, ((0, 4), (8, 12)), ((3, 7),)))
    (shown,) = table.columns[2].cells
    assert str(shown) == "On acme – Acme is down"
    marked = [str(shown)[span.start : span.end] for span in shown.spans if span.style == query_.FOUND]  # type: ignore[union-attr]
    assert marked == ["acme", "Acme", "down"]
