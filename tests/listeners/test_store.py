"""What is kept, what is a duplicate, what answers a stored post; on a real PostgreSQL."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from leitstand.model import Author, Mention
from leitstand.settings import Brand, Settings, Watchlist
from listeners import store
from listeners.store import Stored
from listeners.watchlists import Watchlists

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WATCHLISTS = Watchlists(
    Settings(
        brand=Brand(own_accounts=["x:acme"]),
        watchlists=[Watchlist(name="cloud", query="acme AND cloud"), Watchlist(name="brand", query="acme")],
    )
)


def post(external_id: str, words: str = "acme is down", **changes: str) -> Mention:
    return replace(Mention("x", external_id, words, NOW - timedelta(minutes=1), NOW), **changes)  # type: ignore[arg-type]


def keep(database: Engine, *mentions: Mention, cursor: str | None = None) -> Stored:
    with database.begin() as connection:
        return store.store(connection, "test", mentions, WATCHLISTS, part="p", cursor=cursor, now=NOW)


def pending(database: Engine) -> list[int]:
    with database.connect() as connection:
        return list(connection.scalars(text("SELECT mention_id FROM pending_mentions ORDER BY 1")))


def test_every_field_comes_back(database: Engine) -> None:
    full = Mention(
        "x", "1", "acme cloud ☁", NOW - timedelta(hours=1), NOW, "https://x.example/1", "Title, \\ \"'", "de", "reply",
        Author("7", "acme", "Acme", 9_000_000_000), "0", "00", ("https://a.example/?q={a,b}", "https://b.example/"), 2,
    )  # fmt: skip
    stored = keep(database, full)
    with database.connect() as connection:
        [matched] = store.load(connection, stored.new_ids)
    assert matched.mention == full
    assert (matched.listener, matched.watchlists, matched.own) == ("test", ("cloud", "brand"), True)


def test_without_links_and_followers(database: Engine) -> None:
    stored = keep(database, post("1"))
    with database.connect() as connection:
        [matched] = store.load(connection, [*stored.new_ids, 999])
    assert matched.mention == post("1")
    assert not matched.own


def test_new_duplicate_and_unmatched_are_counted(database: Engine) -> None:
    assert keep(database, post("1")) == Stored([1], 0, 0, {"brand": 1})
    again = keep(database, post("1"), post("2", "acme cloud"), post("2", "acme again"), post("3", "rain"))
    assert (again.duplicates, again.unmatched, again.matched) == (2, 1, {"cloud": 1, "brand": 1})
    assert pending(database) == [1, *again.new_ids]
    with database.connect() as connection:
        assert store.load(connection, again.new_ids)[0].mention.text == "acme cloud"


def test_nothing_at_all(database: Engine) -> None:
    assert keep(database) == Stored([], 0, 0, {})
    assert keep(database, post("1", "rain")) == Stored([], 0, 1, {})


def test_the_cursor_is_kept_with_the_mentions_or_not_at_all(database: Engine) -> None:
    with pytest.raises(RuntimeError), database.begin() as connection:
        store.store(connection, "test", [post("1")], WATCHLISTS, part="p", cursor="7", now=NOW)
        raise RuntimeError
    with database.connect() as connection:
        assert (store.cursors(connection, "test"), pending(database)) == ({}, [])
    keep(database, post("1"), cursor="7")
    keep(database, cursor="8")
    keep(database, cursor=None)
    with database.connect() as connection:
        assert store.cursors(connection, "test") == {"p": "8"}
        assert store.cursors(connection, "other") == {}


def test_an_answer_to_a_stored_post_has_its_watchlists(database: Engine) -> None:
    keep(database, post("1", "acme cloud"))
    answers = keep(
        database,
        post("2", "same here", parent_id="1"),
        post("3", "and here", conversation_id="1"),
        post("4", "elsewhere", parent_id="9", conversation_id="9"),
        post("5", "other network", parent_id="1", channel="mastodon"),
        post("6", "itself", conversation_id="6"),
    )
    assert (len(answers.new_ids), answers.unmatched) == (2, 3)
    assert answers.matched == {"cloud": 2, "brand": 2}


def test_a_post_of_a_conversation_that_is_kept_needs_no_name_where_it_answers_no_single_post(database: Engine) -> None:
    keep(database, post("1", "acme cloud is down", conversation_id="chat-7"))
    said = keep(
        database,
        post("2", "and still nothing", conversation_id="chat-7"),
        post("3", "another chat", conversation_id="chat-8"),
        post("4", "another network", conversation_id="chat-7", channel="mastodon"),
        post("5", "says what it answers: somebody else", parent_id="9", conversation_id="chat-7"),
    )
    assert (len(said.new_ids), said.unmatched, said.matched) == (1, 3, {"cloud": 1, "brand": 1})


def test_a_conversation_in_one_call_hangs_together_in_any_order(database: Engine) -> None:
    kept = keep(
        database,
        post("1", "first", conversation_id="chat-7"),
        post("2", "answers the first", parent_id="1", conversation_id="chat-7"),
        post("3", "acme", conversation_id="chat-7"),
        post("4", "answers the third", parent_id="3"),
        post("5", "in a conversation that is called like the third", conversation_id="3"),
    )
    assert (len(kept.new_ids), kept.matched) == (5, {"brand": 5})


def test_a_chain_of_answers_in_one_call_hangs_together_in_any_order(database: Engine) -> None:
    chain = [post(str(n), "me too", parent_id=str(n - 1)) for n in range(2, 7)]
    assert len(keep(database, *reversed(chain), post("1")).new_ids) == 6


def test_answers_in_a_circle_end(database: Engine) -> None:
    circle = [post("1", "a", parent_id="2"), post("2", "b", parent_id="1"), post("3", parent_id="2")]
    assert keep(database, *circle).unmatched == 2


def test_an_own_account_is_known_in_an_answer(database: Engine) -> None:
    keep(database, post("1"))
    stored = keep(database, replace(post("2", "we are on it", parent_id="1"), author=Author(handle="acme")))
    with database.connect() as connection:
        [matched] = store.load(connection, stored.new_ids)
    assert (matched.own, matched.watchlists) == (True, ("brand",))


def test_what_postgresql_cannot_hold_is_made_storable(database: Engine) -> None:
    odd = replace(
        post("1\0", "acme\0 \ud800 down", title="\udfff"), author=Author("\0", "a", "\ud800"), links=("h\0ttps://a",)
    )
    stored = keep(database, odd)
    assert (stored.duplicates, stored.unmatched) == (0, 0)
    with database.connect() as connection:
        [matched] = store.load(connection, stored.new_ids)
    assert (matched.mention.external_id, matched.mention.text, matched.mention.title) == ("1", "acme ? down", "?")
    assert (matched.mention.author, matched.mention.links) == (Author("", "a", "?"), ("https://a",))


def test_what_a_server_calls_a_post_is_made_storable_too(database: Engine) -> None:
    stored = keep(database, replace(post("1"), ref="social.example \0\ud800"))
    with database.connect() as connection:
        [matched] = store.load(connection, stored.new_ids)
    assert matched.mention.ref == "social.example ?"


def test_the_same_posts_from_many_at_once_are_kept_once(database: Engine) -> None:
    posts = [post(str(n)) for n in range(200)]
    results: list[Stored] = []
    orders = [posts, posts[::-1], posts[100:] + posts[:100], posts[::2] + posts[1::2]]
    threads = [threading.Thread(target=lambda order=order: results.append(keep(database, *order))) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(r.new_ids) + r.duplicates for r in results] == [200] * 4
    assert sum(len(r.new_ids) for r in results) == len(pending(database)) == 200


def words_of(mention: Mention) -> Iterator[str]:
    """Every text that is stored of a mention."""
    for part in (mention, mention.author):
        yield from (word for name in part.__slots__ if isinstance(word := getattr(part, name), str))
    yield from mention.links


ODD = ("external_id", "text", "url", "title", "language", "parent_id", "conversation_id")
AUTHORS = (Author(id="a\0"), Author(handle="a\0"), Author(name="a\0"))


@pytest.mark.parametrize(
    "odd",
    [*({name: "a\0"} for name in ODD), *({"author": author} for author in AUTHORS), {"links": ("a\0",)}],
)
def test_it_is_looked_for_everywhere(odd: dict[str, Any]) -> None:
    whole = replace(post("1", "acme"), **odd)
    assert "\0" in "".join(words_of(whole)) and "\0" not in "".join(words_of(store.storable(whole)))
