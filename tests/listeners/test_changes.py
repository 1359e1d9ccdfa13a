"""Edits and deletes reach what is stored, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from leitstand.model import Author, Mention, PostChange
from leitstand.settings import Settings, Watchlist
from listeners import changes, pending, store
from listeners.contract import Gone
from listeners.pending import Claimed
from listeners.watchlists import Watchlists

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
WATCHLISTS = Watchlists(
    Settings(watchlists=[Watchlist(name="brand", query="acme"), Watchlist(name="shop", query="shop")])
)
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
        assert changes.edit(connection, edits, WATCHLISTS, LATER) == [PostChange(number, "edited")]
        assert connection.scalar(text("SELECT edited_at FROM mentions")) == LATER
    assert stored(database, number) == replace(edits[-1], edited_at=LATER)


def test_an_edit_that_says_the_same_or_of_an_unknown_post_changes_nothing(database: Engine) -> None:
    keep(database, POST)
    other = replace(POST, external_id="2")
    with database.begin() as connection:
        assert changes.edit(connection, [POST, other], WATCHLISTS, LATER) == []
        assert changes.unknown(connection, [POST, other]) == [other]
        assert connection.scalar(text("SELECT edited_at FROM mentions")) is None


def edit(database: Engine, *edits: Mention, at: datetime = LATER) -> list[PostChange]:
    with database.begin() as connection:
        return changes.edit(connection, edits, WATCHLISTS, at)


def waiting(database: Engine, number: int) -> Claimed:
    """Whether a mention waits for its first assessment, or waits because it was edited."""
    with database.begin() as connection:
        claimed = pending.claim(connection, [number])
        connection.rollback()
    return claimed


def test_an_edited_post_waits_to_be_assessed_again_and_one_that_waits_anyway_does_so_once(database: Engine) -> None:
    [number] = keep(database, POST)
    edit(database, replace(POST, text="acme is up"))
    assert waiting(database, number) == Claimed((number,))
    with database.begin() as connection:
        assert pending.claim(connection, [number]) == Claimed((number,))
    edit(database, replace(POST, text="acme is down again"))
    assert waiting(database, number) == Claimed(edited=(number,))
    with database.begin() as connection:
        assert pending.claim_edited(connection, number)
        assert not pending.claim_edited(connection, number)


def test_an_edit_gives_a_post_that_was_set_aside_another_chance(database: Engine) -> None:
    [number] = keep(database, POST)
    with database.begin() as connection:
        pending.park(connection, number, "broken", LATER)
    assert waiting(database, number) == Claimed()
    edit(database, replace(POST, text="acme is up"))
    assert waiting(database, number) == Claimed((number,))


def test_an_edited_post_belongs_to_what_it_matches_now_or_else_to_what_it_matched(database: Engine) -> None:
    [number] = keep(database, POST)

    def lists() -> tuple[str, ...]:
        with database.connect() as connection:
            return store.load(connection, [number])[0].watchlists

    edit(database, replace(POST, text="the shop of acme"))
    assert lists() == ("brand", "shop")
    edit(database, replace(POST, text="the shop"))
    assert lists() == ("shop",)
    edit(database, replace(POST, text="nothing of ours"))
    assert lists() == ("shop",)


def test_an_edit_that_is_older_than_the_last_one_changes_nothing(database: Engine) -> None:
    [number] = keep(database, POST)
    second = replace(POST, text="acme, second", edited_at=LATER + timedelta(minutes=2))
    first = replace(POST, text="acme, first", edited_at=LATER + timedelta(minutes=1))
    assert edit(database, second, first, at=LATER + timedelta(hours=1)) == [PostChange(number, "edited")]
    assert edit(database, first, at=LATER + timedelta(hours=1)) == []
    assert stored(database, number) == second


def test_an_edit_with_what_postgresql_cannot_hold_is_kept_without_it(database: Engine) -> None:
    [number] = keep(database, POST)
    edits = [replace(POST, text="acme \0 is \ud800 up"), replace(POST, external_id="2\0", text="acme")]
    with database.begin() as connection:
        assert [m.external_id for m in changes.unknown(connection, edits)] == ["2"]
    assert edit(database, *edits) == [PostChange(number, "edited")]
    assert stored(database, number).text == "acme  is ? up"


def test_an_edited_post_among_those_that_wait_is_as_old_as_its_edit(database: Engine) -> None:
    old, young = keep(database, POST, replace(POST, external_id="2", received_at=LATER + timedelta(minutes=1)))
    with database.begin() as connection:
        pending.claim(connection, [old])
    edit(database, replace(POST, text="acme is up"), at=LATER + timedelta(hours=1))
    with database.connect() as connection:
        found = pending.backlog(connection)
    assert (found.pending, found.oldest_received_at) == (2, LATER + timedelta(minutes=1))
    assert young > old


def test_a_delete_takes_the_words_and_what_waits_is_not_assessed(database: Engine) -> None:
    [first, second] = keep(database, POST, replace(POST, external_id="2"))
    with database.begin() as connection:
        deleted = changes.delete(connection, [Gone("x", "1"), Gone("x", "9"), Gone("y", "2")], LATER)
        assert deleted == [PostChange(first, "deleted")]
        assert changes.delete(connection, [Gone("x", "1")], LATER) == []
        assert pending.claim(connection, [first, second]) == Claimed((second,))
    gone = stored(database, first)
    assert (gone.text, gone.links, gone.media, gone.author.handle) == ("", (), 0, "anna")
    assert stored(database, second).text == POST.text


def test_a_deleted_post_that_comes_again_or_is_edited_stays_deleted(database: Engine) -> None:
    [number] = keep(database, POST)
    with database.begin() as connection:
        changes.delete(connection, [Gone("x", "1")], LATER)
    assert keep(database, POST) == []
    with database.begin() as connection:
        assert changes.edit(connection, [replace(POST, text="acme again")], WATCHLISTS, LATER) == []
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
        assert changes.edit(connection, [], WATCHLISTS, NOW) == changes.delete(connection, [], NOW) == []
