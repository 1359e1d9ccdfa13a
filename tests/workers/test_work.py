"""The role `work`: what it does before its first post, and what its successor does after a post has ended it."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from leitstand.model import Author, Mention
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from nlp import language
from workers import work
from workers.queues import AssessQueue, connect

AT = datetime(2026, 3, 3, 8, 45, tzinfo=UTC)
SETTINGS = Settings.model_validate({"watchlists": [{"name": "cloud", "query": "acme"}]})
WAITING = text("SELECT mention_id, error FROM pending_mentions WHERE parked_at IS NOT NULL")
CONFIGURATION = """
[server]
data_dir = "{folder}"
[database]
url = "{database}"
[redis]
url = "{redis}"
[[watchlists]]
name = "cloud"
query = "acme"
"""


def worker(config: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.workers.poisoned", str(config)], stderr=subprocess.PIPE, text=True
    )


def test_a_post_that_ends_the_process_is_parked_by_the_next_one_before_it_works(
    database: Engine, database_url_of_test: str, redis_url: str, tmp_path: Path
) -> None:
    (config := tmp_path / "leitstand.toml").write_text(
        CONFIGURATION.format(folder=tmp_path, database=database_url_of_test, redis=redis_url)
    )
    posts = [Mention("x", w, f"acme {w}", AT, AT, author=Author(w)) for w in ("a deadly one", "b calm one")]
    with database.begin() as connection:
        ids = store.store(connection, "in", posts, Watchlists(SETTINGS), part="", cursor=None, now=AT).new_ids
        connection.execute(text("UPDATE pending_mentions SET attempts = 2"))
    with connect(redis_url) as redis:
        queue = AssessQueue(redis)
        queue.enqueue(ids[:1])
        with worker(config) as first:
            first.communicate(timeout=120)
        queue.enqueue(ids)
    assert first.returncode == -signal.SIGKILL
    with worker(config) as second:
        try:
            with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                while second.poll() is None and not connection.scalar(text("SELECT count(*) FROM assessments")):
                    pass
                [(parked, error)] = connection.execute(WAITING).all()
            second.terminate()
            _, told = second.communicate(timeout=120)
        finally:
            second.kill()
    assert second.returncode == 0
    assert parked == ids[0] and "process ended while it assessed this post" in error
    assert [one["mention_id"] for one in map(json.loads, told.splitlines()) if "exception" in one] == [ids[0]]


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
