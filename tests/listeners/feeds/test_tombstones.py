"""Tombstones (RFC 6721): what a feed says is gone is found by the names that its items were heard by."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.feeds import xml_feed
from listeners.feeds.document import Feed, Item
from listeners.feeds.identity import Seen, identify
from listeners.feeds.tombstones import NAMES, buried, refs, remember

AT = "http://purl.org/atompub/tombstones/1.0"
PLACE = "https://blog.example/feed"


def stone(ref: str) -> str:
    return f'<at:deleted-entry ref="{ref}" when="2026-03-03T10:00:00Z"><at:comment>spam</at:comment></at:deleted-entry>'


def atom(*inside: str, prefix: str = "at") -> bytes:
    name = f' xmlns:{prefix}="{AT}"'
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{name}><title>t</title>{"".join(inside)}</feed>'.encode()


def entry(name: str) -> str:
    return f'<entry><id>tag:x,1:{name}</id><title>{name}</title><link href="https://blog.example/{name}"/></entry>'


def item(name: str) -> Item:
    return Item(id=f"tag:x,1:{name}", link=f"https://blog.example/{name}", title=name, text=name)


def test_all_of_them_are_read_whatever_their_prefix() -> None:
    assert refs(atom(stone("tag:a"), entry("1"), stone("urn:b"))) == ("tag:a", "urn:b")
    other = atom(stone("tag:a").replace("at:", "x:"), prefix="x")
    assert refs(other) == ("tag:a",)
    assert refs(atom(stone("tag:a")).replace(AT.encode(), b"http://other.example/")) == ()
    assert refs(atom(entry("1"))) == ()


def test_a_document_that_breaks_off_says_what_it_said_before() -> None:
    whole = atom(stone("tag:a"), stone("tag:b"))
    assert refs(whole[: whole.index(b"tag:b")]) == ("tag:a",)
    assert refs(whole.decode().encode("utf-16")) == ("tag:a", "tag:b")


def test_an_entity_bomb_among_them_is_given_up() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert refs(bomb + atom(stone("tag:&b;"))) == ()


def test_the_feeds_own_page_stays_what_it_is() -> None:
    dead = stone("tag:a").replace("</at:deleted", '<link href="https://blog.example/dead"/></at:deleted')
    feed = xml_feed.read(atom('<link href="https://blog.example/"/>', entry("1"), dead), {})
    assert (feed.home, feed.gone, feed.lists_gone) == ("https://blog.example/", ("tag:a",), True)
    rss = xml_feed.read(b'<rss version="2.0"><channel><title>t</title></channel></rss>', {})
    assert (rss.gone, rss.lists_gone) == ((), False)


def test_what_is_gone_is_named_as_it_was_heard_and_once() -> None:
    first = Feed((item("1"), item("2")), lists_gone=True)
    found, seen = identify(first, PLACE), Seen({})
    names = remember({}, first, found)
    later = Feed((item("1"),), gone=("tag:x,1:2", "tag:x,1:never-heard"), lists_gone=True)
    assert buried(names, later, seen) == ["https://blog.example/2", "tag:x,1:never-heard"]
    assert buried(names, later, seen) == []


def test_an_item_that_is_listed_is_not_gone() -> None:
    feed = Feed((item("1"),), gone=("tag:x,1:1",), lists_gone=True)
    assert buried(remember({}, feed, identify(feed, PLACE)), feed, Seen({})) == []


def test_names_are_kept_only_where_they_may_be_needed_and_not_for_ever() -> None:
    plain = Feed((item("1"),))
    assert remember({}, plain, identify(plain, PLACE)) == {}
    same = Feed((Item(id="https://blog.example/1", link="https://blog.example/1", title="x"),), lists_gone=True)
    assert remember({}, same, identify(same, PLACE)) == {}
    names: dict[str, str] = {}
    for number in range(0, 4 * NAMES, 20):
        many = Feed(tuple(item(str(n)) for n in range(number, number + 20)), lists_gone=True)
        names = remember(names, many, identify(many, PLACE))
    assert len(names) == NAMES
    assert f"https://blog.example/{4 * NAMES - 1}" in names.values()


@given(st.binary(max_size=200), st.lists(st.text(max_size=20), max_size=3))
def test_any_document_is_survived(noise: bytes, ids: list[str]) -> None:
    assert refs(noise) == ()
    refs(atom(*(stone(name) for name in ids)) + noise)


@pytest.mark.parametrize("ref", ["", " ", "x" * 5_000])
def test_a_ref_that_is_none_names_nothing(ref: str) -> None:
    feed = Feed((), gone=refs(atom(stone(ref))), lists_gone=True)
    found: list[Any] = buried({}, feed, Seen({}))
    assert found == []
