"""Documents are read in a process that may die: the next one is read all the same."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leitstand.errors import FetchError
from listeners.feeds import json_feed, xml_feed
from listeners.feeds.document import MAX_ITEMS, Feed
from listeners.feeds.reader import Caps, Reader
from listeners.fetch import Page
from tests.listeners.servers_feed import item, rss

T = TypeVar("T")
CAPS = Caps()


def page(body: str | bytes) -> Page:
    return Page(200, "http://blog.example/feed", httpx.Headers(), body.encode() if isinstance(body, str) else body)


def using(do: Callable[[Reader], Awaitable[T]], caps: Caps = CAPS) -> T:
    async def go() -> T:
        async with Reader(caps) as reader:
            return await do(reader)

    return asyncio.run(go())


def test_one_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    long = rss(*(item(str(n)) for n in range(20_000)))

    async def go(reader: Reader) -> Feed:
        await reader.read(page(rss()))  # it has started
        reader.caps = Caps(seconds=0.3)
        with pytest.raises(FetchError, match=r"reading it takes longer than 0\.3 seconds"):
            await reader.read(page(long))
        reader.caps = Caps()
        return await reader.read(page(rss(item("1"))))

    assert len(using(go).items) == 1


def test_one_that_takes_too_much_memory_is_given_up_and_the_next_is_read() -> None:
    large = rss(item("1", description="x" * 60_000_000))

    async def go(reader: Reader) -> Feed:
        with pytest.raises(FetchError, match="needs more memory"):
            await reader.read(page(large))
        return await reader.read(page(rss(item("1"))))

    assert len(using(go, Caps(memory=150_000_000)).items) == 1


def test_a_reader_that_dies_is_replaced() -> None:
    async def go(reader: Reader) -> Feed:
        await reader.read(page(rss()))
        assert reader._process
        reader._process.kill()
        with pytest.raises(FetchError):
            await reader.read(page(rss()))
        return await reader.read(page(rss(item("1"))))

    assert len(using(go).items) == 1


def test_one_that_nobody_waits_for_any_more_answers_nobody_else() -> None:
    async def go(reader: Reader) -> Feed:
        await reader.read(page(rss()))
        reading = asyncio.create_task(reader.read(page(rss(*(item(str(n)) for n in range(500))))))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return await reader.read(page(rss(item("1"))))

    assert len(using(go).items) == 1


def test_no_more_items_are_taken_than_can_be_told_apart() -> None:
    document = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": n} for n in range(MAX_ITEMS + 10)]}
    assert len(json_feed.read(json.dumps(document).encode()).items) == MAX_ITEMS


def test_addresses_are_relative_to_where_the_feed_is_or_to_what_it_says() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/"/>
      <entry><title>a</title><link href="posts/1"/><author><name>jo</name><uri>/jo</uri></author></entry>
      <entry xml:base="/en/"><title>b</title><link href="posts/2"/></entry>
      <entry xml:base="https://other.example/x/"><title>c</title><link href="3"/></entry>
      <entry><title>d</title><link href="https://blog.example/4"/><id>tag:x,1:4</id></entry>
      <entry><title>e</title><link href="//[bad"/></entry></feed>"""
    place = {"content-location": "https://blog.example/feeds/atom"}
    feed = xml_feed.read(atom.encode(), place)
    assert feed.home == "https://blog.example/"
    assert [one.link for one in feed.items] == [
        "https://blog.example/feeds/posts/1",
        "https://blog.example/en/posts/2",
        "https://other.example/x/3",
        "https://blog.example/4",
        "",
    ]
    assert feed.items[0].author_url == "https://blog.example/jo"
    [only_a_guid] = xml_feed.read(rss("<item><title>a</title><guid>/posts/5</guid></item>").encode(), place).items
    assert only_a_guid.link == "https://blog.example/posts/5"


def test_what_looks_like_a_file_is_not_opened() -> None:
    with pytest.raises(FetchError, match="this is no feed"):
        xml_feed.read(b"/etc/hostname", {})


def test_plain_text_is_not_taken_for_markup() -> None:
    document = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>if a &lt;b</title></entry></feed>'
    [found] = xml_feed.read(document.encode(), {}).items
    assert found.title == "if a <b"


def test_what_a_feed_says_of_itself() -> None:
    head = (
        "<link>https://blog.example/</link><generator>https://wordpress.org/?v=6.9</generator><ttl>60</ttl>"
        '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
        '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>'
        '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="https://blog.example/feed/"/>'
    )
    found = xml_feed.read(rss(head=head).encode(), {})
    assert found == Feed(
        title="A blog",
        home="https://blog.example/",
        every=86400.0,
        hub="https://hub.example/",
        topic="https://blog.example/feed/",
        comments="https://blog.example/comments/feed/",
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = ["id", "url", "title", "content_html", "content_text", "date_published", "authors", "author", "attachments"]
entries = st.lists(st.dictionaries(st.sampled_from(fields), json_values) | json_values, max_size=4)


@given(entries)
def test_any_json_feed_is_read_or_refused_in_words(items: list[Any]) -> None:
    document = {"version": "https://jsonfeed.org/version/1.1", "items": [*items, {"id": "good", "content_text": "x"}]}
    found = json_feed.read(json.dumps(document).encode())
    assert found.items[-1].id == "good"


pieces = st.sampled_from(
    [
        "<item>", "</item>", "<title>", "</title>", "<guid>", "x", "&amp;", "&", "<![CDATA[", "]]>", "<!--", "-->",
        "<pubDate>Tue, 99 Foo 2026</pubDate>", "<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate>", "\0", "&a;",
        "<!DOCTYPE x [<!ENTITY a '&a;'>]>", "<enclosure/>", "<author>", "<link>http://[</link>",
        "<?xml version='1.0' encoding='nonsense'?>",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=12), st.binary(max_size=20))
@example(["<?xml version='1.0' encoding='nonsense'?>"], b"\xff\xfe")
def test_any_xml_is_read_or_refused_in_words(inside: list[str], noise: bytes) -> None:
    body = rss(*inside).encode() + noise

    async def go() -> None:
        try:
            await _shared.read(page(body))
        except FetchError as error:
            assert 0 < len(str(error)) < 300

    _loop.run_until_complete(go())


@pytest.fixture(scope="module", autouse=True)
def _one_reader_for_all_examples() -> Any:
    global _loop, _shared
    _loop, _shared = asyncio.new_event_loop(), Reader()
    yield
    _loop.run_until_complete(_shared.__aexit__(None, None, None))
    _loop.close()


_loop: asyncio.AbstractEventLoop
_shared: Reader
