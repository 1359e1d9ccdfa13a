"""`leitstand rules test`: which rule decides about each post of a file, and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.console.commanding import Leitstand

CONFIG = """
[brand]
own_accounts = ["x:acme"]
[[watchlists]]
name = "cloud"
query = "acme"
team = "support"
[teams.support]
[triage]
vips = ["x:ann"]
[[rules]]
name = "own words"
when = { authors = ["ann"], needs_reply = true }
then = { severity = "sev1", tags = ["vip"] }
[[rules]]
name = "praise"
when = { intents = ["praise"] }
then = { case = "ignore", reason = "thank them by hand" }
[[rules]]
name = "doubt"
when = { followers_at_least = 1000 }
then = { case = "hold" }
"""
POSTS: list[dict[str, Any]] = [
    {
        "id": "vip",
        "channel": "x",
        "external_id": "1",
        "author": {"handle": "ann"},
        "text": "acme is down, nothing works! What now?",
    },
    {"id": "nice", "text": "I love acme, great service!"},
    {"id": "loud", "text": "acme is a company [bold]", "author": {"handle": "bob", "followers": 5000}},
    {"id": "matrix", "text": "acme is down, nothing works, our shop is closed"},
    {"id": "own", "channel": "x", "external_id": "5", "author": {"handle": "acme"}, "text": "acme is sorry"},
    {"id": "other", "text": "nice weather"},
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "leitstand.toml").write_text(CONFIG)
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(post) for post in POSTS))
    return tmp_path


def test_each_post_has_its_rule_and_the_reason(leitstand: Leitstand, place: Path) -> None:
    ended = leitstand("rules", "test", place / "posts.jsonl", "-c", place / "leitstand.toml", "--json")
    assert ended.code == 0
    rows = {row["id"]: row for row in ended.rows}
    assert [row["id"] for row in ended.rows] == [post["id"] for post in POSTS]
    assert {name: (row["rule"], row["case"]) for name, row in rows.items()} == {
        "vip": ("own words", "open"),
        "nice": ("praise", "ignore"),
        "loud": ("doubt", "hold"),
        "matrix": (None, "open"),
        "own": (None, "none"),
        "other": (None, "none"),
    }
    assert rows["vip"]["why"] == ["needs_reply: yes", "authors: x:ann, ann"]
    assert (rows["vip"]["severity"], rows["vip"]["team"], rows["vip"]["tags"]) == ("sev1", "support", ["vip"])
    assert rows["nice"]["reason"] == "rule “praise” (thank them by hand)"
    assert rows["nice"]["passed_over"] == {"own words": "needs_reply: no"}
    assert rows["loud"]["why"] == ["followers_at_least: 5,000"]
    assert any("severity" in why for why in rows["matrix"]["why"])
    assert (rows["own"]["why"], rows["other"]["why"]) == (
        ["written by one of your own accounts"],
        ["matches no watchlist"],
    )


def test_people_see_a_table_and_how_many_posts_each_rule_took(leitstand: Leitstand, place: Path) -> None:
    ended = leitstand("rules", "test", place / "posts.jsonl", "-c", place / "leitstand.toml")
    assert "own words: 1 post\npraise: 1 post\ndoubt: 1 post\n6 posts judged." in ended.out
    assert "[bold]" in ended.out


def test_a_line_that_cannot_be_taken_fails_the_command(leitstand: Leitstand, place: Path) -> None:
    (place / "bad.jsonl").write_text('{"text": "acme"}\n{"nothing": 1}\n')
    ended = leitstand("rules", "test", place / "bad.jsonl", "-c", place / "leitstand.toml", "--json")
    assert (ended.code, len(ended.rows)) == (1, 1)
    assert "bad.jsonl:2: skipped" in ended.err
