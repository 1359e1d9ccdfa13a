"""`leitstand stories`: a file of posts becomes stories, with no database and no configuration."""

import json
from pathlib import Path

import pytest

from tests.console.commanding import Leitstand, commander

SAID = "Nobody at Lanchester Parcel picks up the phone, I have been listening to flutes since nine"
LINES: list[dict[str, object]] = [
    {"id": "late", "text": SAID + "!!!", "created_at": "2026-03-03T12:00:00Z", "channel": "mastodon"},
    {"id": 7, "text": SAID, "created_at": "2026-03-03T09:00:00Z", "channel": "x", "external_id": "p7"},
    {"id": "link", "text": "look https://status.lanchester.example/7", "created_at": "2026-03-03T09:10:00Z"},
    {"id": "root", "text": "oh status.lanchester.example/7?utm_source=x", "created_at": "2026-03-03T09:20:00Z"},
    {
        "id": "rt",
        "text": "RT",
        "kind": "repost",
        "parent_id": "p7",
        "channel": "x",
        "created_at": "2026-03-03T09:30:00Z",
    },
    {"text": "Something else altogether, about tea"},
]


@pytest.fixture
def leitstand(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leitstand:
    monkeypatch.chdir(tmp_path)
    return commander(capsys)


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in LINES))
    return path


def test_every_post_gets_its_story_in_the_order_of_the_file(leitstand: Leitstand, posts: Path) -> None:
    ended = leitstand("stories", posts, "--json")
    assert ended.code == 0
    assert [(row["id"], row["story"]) for row in ended.rows] == [
        ("late", 1),
        (7, 1),
        ("link", 2),
        ("root", 2),
        ("rt", 1),
        (6, 3),
    ]


def test_people_see_the_stories_of_several_posts_the_largest_first(leitstand: Leitstand, posts: Path) -> None:
    ended = leitstand("stories", posts)
    assert ended.out.index("x, mastodon") < ended.out.index("file")
    assert "6 posts in 3 stories: 1 of one post." in ended.out


def test_the_configuration_is_heeded_where_there_is_one(leitstand: Leitstand, posts: Path, tmp_path: Path) -> None:
    (tmp_path / "leitstand.toml").write_text(
        '[triage]\nignore_links = ["status.lanchester.example"]\nstory_window="1h"'
    )
    ended = leitstand("stories", posts, "--json")
    assert [row["story"] for row in ended.rows] == [4, 1, 2, 3, 1, 5]


def test_the_configurations_secrets_are_not_needed(leitstand: Leitstand, posts: Path, tmp_path: Path) -> None:
    (tmp_path / "leitstand.toml").write_text(
        '[api.tokens.desk]\ntoken = "${NOT_EXPORTED}"\n[database]\nurl_file = "none"\n[triage]\nstory_window = "1h"'
    )
    ended = leitstand("stories", posts, "--json")
    assert (ended.code, ended.err, len(ended.rows)) == (0, "", 6)


def test_a_bad_line_is_reported_and_the_others_go_on(leitstand: Leitstand, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "a"}\nnonsense\n{"id": 3, "text": "b"}\n')
    ended = leitstand("stories", path, "--json")
    assert (ended.code, [row["id"] for row in ended.rows]) == (1, [1, 3])
    assert f"{path}:2: skipped" in ended.err


def test_no_post_no_story(leitstand: Leitstand, tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text("")
    assert leitstand("stories", path, "--json").rows == []
    assert "0 posts in 0 stories" in leitstand("stories", path).out


def test_a_configuration_that_is_named_must_be_there(leitstand: Leitstand, posts: Path) -> None:
    assert leitstand("stories", posts, "--config", "nowhere.toml").code == 2
