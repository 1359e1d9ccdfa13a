"""Edits and deletes reach what is stored, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from leitstand.model import Author, Mention, PostChange
from leitstand.settings import Settings, Watchlist
from listeners import changes, pending, store
from listeners.contract import Gone
from listeners.watchlists import Watchlists

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
WATCHLISTS = Watchlists(Settings(watchlists=[Watchlist(name="brand", query="acme")]))
POST = Mention("x", "1", "acme is down", NOW, NOW, author=Author("7", "anna"), links=("https://a.example/",), media=1)


def keep(database: Engine, *mentions: Mention) -> list[int]:
    with database.begin() as connection:
        return store.store(connection, "test", mentions, WATCHLISTS, now=NOW).new_ids


def stored(database: Engine, number: int) -> Mention:
    with database.connect() as connection:
        return store.load(connection, [number])[0].mention


def test_an_edit_gives_the_stored_mention_its_last_words(database: Engine) -> None:
    [number] = keep(database, POST)
    edits = [replace(POST, text="acme is up"), replace(POST, text="acme is up again", links=(), media=0)]
    with database.begin() as connection:
        assert changes.edit(connection, edits, LATER) == [PostChange(number, "edited")]
        assert connection.scalar(text("SELECT edited_at FROM mentions")) == LATER
    assert stored(database, number) == edits[-1]


def test_an_edit_that_says_the_same_or_of_an_unknown_post_changes_nothing(database: Engine) -> None:
    keep(database, POST)
    other = replace(POST, external_id="2")
    with database.begin() as connection:
        assert changes.edit(connection, [POST, other], LATER) == []
        assert changes.unknown(connection, [POST, other]) == [other]
        assert connection.scalar(text("SELECT edited_at FROM mentions")) is None


def test_a_delete_takes_the_words_and_what_waits_is_not_assessed(database: Engine) -> None:
    [first, second] = keep(database, POST, replace(POST, external_id="2"))
    with database.begin() as connection:
        deleted = changes.delete(connection, [Gone("x", "1"), Gone("x", "9"), Gone("y", "2")], LATER)
        assert deleted == [PostChange(first, "deleted")]
        assert changes.delete(connection, [Gone("x", "1")], LATER) == []
        assert pending.claim(connection, [first, second]) == [second]
    gone = stored(database, first)
    assert (gone.text, gone.links, gone.media, gone.author.handle) == ("", (), 0, "anna")
    assert stored(database, second).text == POST.text


def test_a_deleted_post_that_comes_again_or_is_edited_stays_deleted(database: Engine) -> None:
    [number] = keep(database, POST)
    with database.begin() as connection:
        changes.delete(connection, [Gone("x", "1")], LATER)
    assert keep(database, POST) == []
    with database.begin() as connection:
        assert changes.edit(connection, [replace(POST, text="acme again")], LATER) == []
    assert stored(database, number).text == ""


def test_an_account_that_is_gone_takes_all_its_posts_along(database: Engine) -> None:
    mine = keep(database, POST, replace(POST, external_id="2"))
    keep(database, replace(POST, external_id="3", author=Author("8")), replace(POST, external_id="4", author=Author()))
    with database.begin() as connection:
        deleted = changes.delete(connection, [Gone("x", author_id="7"), Gone("x", author_id="")], LATER)
    assert deleted == [PostChange(number, "deleted") for number in mine]


def test_nothing_at_all(database: Engine) -> None:
    with database.begin() as connection:
        assert changes.unknown(connection, []) == []
        assert changes.edit(connection, [], NOW) == changes.delete(connection, [], NOW) == []
