"""What the role `work` does before its first post."""

from pathlib import Path

from structlog.testing import capture_logs

from nlp import language
from workers import work


def test_letters_that_cannot_be_shared_are_read_all_the_same(tmp_path: Path) -> None:
    (folder := tmp_path / "letters").write_text("no folder")
    before = list(language._letters)
    language._letters.clear()
    try:
        with capture_logs() as told:
            work._keep_letters(folder)
        assert [one["event"] for one in told] == ["letters of languages are not shared with other processes"]
        assert language.letters().rank("wo bleibt mein paket")[0][0] == "de"
    finally:
        language._letters[:] = before
