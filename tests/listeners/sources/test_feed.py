"""Feeds as they are: late, undated, doubled, moved, broken. Each post is heard once, no feed delays another."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from pydantic import ValidationError

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch, Listens, Verifies
from listeners.feeds.memory import Memory
from listeners.memory import as_cursor, recall
from listeners.sources import feed
from listeners.sources.feed import Settings, listen, verify
from tests.listeners.servers_feed import HOSTS, FeedServer, item, rss

T = TypeVar("T")
_numbers = count()
DATE = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture
def path() -> str:
    return f"/feed/{next(_numbers)}"


def settings(*urls: str, **more: Any) -> Settings:
    values = {"urls": list(urls), "allow_private": True, "min_interval": "0.1s", "max_interval": "0.1s", **more}
    return Settings.model_validate(values)


class Hearing:
    """A running listener: gives its batches, keeps the cursors as the worker would."""

    def __init__(self, batches: AsyncIterator[Batch], cursors: dict[str, str]) -> None:
        self.batches, self.cursors = batches, cursors
        self.heard: list[str] = []

    async def next(self) -> Batch:
        async with asyncio.timeout(60):
            batch = await anext(self.batches)
        if batch.cursor is not None:
            self.cursors[batch.part] = batch.cursor
        self.heard += [m.external_id for m in batch.mentions]
        return batch

    async def until(self, right: Callable[[Batch], bool]) -> Batch:
        while not right(batch := await self.next()):
            pass
        return batch

    async def posts(self, number: int) -> list[str]:
        """What was heard, once it is so much; and then one more look, which must bring nothing."""
        while len(self.heard) < number:
            await self.next()
        await self.next()
        return self.heard


@asynccontextmanager
async def hearing(given: Settings, cursors: dict[str, str] | None = None) -> AsyncIterator[Hearing]:
    kept = {} if cursors is None else cursors
    async with aclosing(cast(AsyncGenerator[Batch, None], listen("f", given, dict(kept)))) as batches:
        yield Hearing(batches, kept)


def run(given: Settings, do: Callable[[Hearing], Awaitable[T]], cursors: dict[str, str] | None = None) -> T:
    async def go() -> T:
        async with hearing(given, cursors) as one:
            return await do(one)

    return asyncio.run(go())


def first(given: Settings, cursors: dict[str, str] | None = None) -> Batch:
    return run(given, lambda one: one.next(), cursors)


def ids(*names: str) -> list[str]:
    return [f"https://blog.example/{name}" for name in names]


def test_it_is_a_source() -> None:
    assert isinstance(feed, Listens)
    assert isinstance(feed, Verifies)


def test_an_item_becomes_a_mention(feeds: FeedServer, path: str) -> None:
    text = 'The <b>cloud</b> is down, see <a href="https://status.example/?a=1&amp;b=2#now">here</a>.<script>x</script>'
    entry = item(
        "1",
        title="Acme &amp; more",
        description=text,
        author="jo@example.com (Jo)",
        link="http://Blog.example/1/?utm_source=x",
    )
    url = feeds.put(path, rss(entry, head="<link>http://blog.example/</link><language>de-AT</language>"))
    [mention] = first(settings(url, channel="news")).mentions
    assert mention.channel == "news"
    assert mention.external_id == "https://blog.example/1"
    assert mention.url == "http://Blog.example/1/?utm_source=x"
    assert mention.title == "Acme & more"
    assert mention.text == "The cloud is down, see here."
    assert mention.links == ("https://status.example/?a=1&b=2#now",)
    assert mention.created_at == DATE
    assert (mention.language, mention.kind, mention.author.name) == ("de", "article", "Jo")


def test_every_format_is_read(feeds: FeedServer, path: str) -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>t</title><entry><id>tag:a</id>'
        "<title>Hallo</title>"
        '<link href="/2"/><updated>2026-03-03T11:00:00+01:00</updated>'
        '<content type="html">&lt;p&gt;Welt&lt;/p&gt;</content></entry></feed>'
    )
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>t</title></channel>'
        "<item><title>Hallo</title><link>http://blog.example/3</link><description>Welt</description>"
        "<dc:date>2026-03-03T10:00:00Z</dc:date></item></rdf:RDF>"
    )
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": 4,
                "url": "http://blog.example/4",
                "title": "Hallo",
                "content_html": "<p>Welt</p>",
                "date_published": "2026-03-03T10:00:00Z",
            },
            "no item",
            {"id": "5", "content_text": "a <b", "title": 5},
        ],
    }
    urls = [feeds.put(f"{path}/{n}", body) for n, body in enumerate((atom, rdf, json.dumps(document)))]
    for url, name in zip(
        urls, (f"{urls[0].replace('http:', 'https:').partition('/feed/')[0]}/2", *ids("3", "4")), strict=True
    ):
        [mention] = first(settings(url)).mentions
        assert (mention.external_id, mention.title, mention.text, mention.created_at) == (name, "Hallo", "Welt", DATE)


def test_new_items_are_heard_once_and_only_changes_are_asked_for(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1"), item("2")), etag=True)

    async def go(one: Hearing) -> None:
        assert await one.posts(2) == ids("1", "2")
        feeds.put(path, rss(item("3"), item("2")), etag=True)
        assert await one.posts(3) == ids("1", "2", "3")

    cursors: dict[str, str] = {}
    run(settings(url), go, cursors)
    asked = feeds.asked(path, 4)
    assert "if-none-match" not in asked[0]
    assert asked[1]["if-none-match"].startswith('W/"')
    again = first(settings(url), cursors)
    assert (again.mentions, again.cursor, again.error) == ((), None, "")


def test_validators_go_back_word_for_word_and_a_304_may_bring_new_ones(feeds: FeedServer, path: str) -> None:
    since, later = "Tue, 3 Mar 2026 10:00:00 GMT", "Tue, 3 Mar 2026 11:00:00 GMT"
    url = feeds.put(path, rss(item("1")), modified=since)

    async def go(one: Hearing) -> None:
        assert await one.posts(1) == ids("1")
        feeds.put(path, status=304, headers={"ETag": 'W/"2"', "Last-Modified": later})
        await one.until(lambda batch: "W/" in str(batch.cursor))
        await one.next()

    run(settings(url), go)
    asked = feeds.asked(path, 4)
    assert [one.get("if-modified-since") for one in asked[:2]] == [None, since]
    assert (asked[-1]["if-none-match"], asked[-1]["if-modified-since"]) == ('W/"2"', later)


def test_the_same_document_again_changes_nothing(feeds: FeedServer, path: str) -> None:
    """Many servers know no validators."""
    url = feeds.put(path, rss(item("1")))
    cursors: dict[str, str] = {}
    first(settings(url), cursors)
    again = first(settings(url), cursors)
    assert (again.mentions, again.cursor, again.error) == ((), None, "")


def test_the_oldest_first_is_heard_like_the_newest_first(feeds: FeedServer, path: str) -> None:
    newest, oldest = feeds.put(f"{path}/newest", rss(item("1"))), feeds.put(f"{path}/oldest", rss(item("a")))

    async def go(one: Hearing) -> list[str]:
        await one.posts(2)
        feeds.put(f"{path}/newest", rss(item("3"), item("2"), item("1")))
        feeds.put(f"{path}/oldest", rss(item("a"), item("b"), item("c")))
        return sorted(await one.posts(6))

    assert run(settings(newest, oldest), go) == ids(*"123abc")


def test_late_same_second_and_undated_items_are_heard_once(feeds: FeedServer, path: str) -> None:
    """Dates play no part: what appears under an older time, in the same second or without one is heard."""
    old = "Mon, 02 Mar 2026 08:00:00 GMT"
    url = feeds.put(path, rss(item("1")))

    async def go(one: Hearing) -> list[str]:
        await one.posts(1)
        feeds.put(path, rss(item("late", pubDate=old), item("same"), item("undated", pubDate=""), item("1")))
        await one.posts(4)
        feeds.put(path, rss(item("undated", pubDate=""), item("1"), item("late", pubDate=old), item("same")))
        return await one.posts(4)

    assert run(settings(url), go) == ids("1", "late", "same", "undated")


def test_a_feed_without_dates_is_heard_once(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(*(item(str(n), pubDate="") for n in range(9))))
    before = clock.now()
    batch = run(settings(url), lambda one: one.next())
    assert all(before <= mention.created_at <= clock.now() for mention in batch.mentions)

    async def go(one: Hearing) -> list[str]:
        await one.posts(9)
        feeds.put(path, rss(*(item(str(n), pubDate="") for n in range(1, 10))))
        return await one.posts(10)

    assert run(settings(url), go) == ids(*"0123456789")


def test_a_date_in_the_future_is_now(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1", pubDate="Tue, 03 Mar 2099 10:00:00 GMT"), item("2", pubDate="yesterday")))
    ages = [clock.now() - mention.created_at for mention in first(settings(url)).mentions]
    assert [timedelta(0) <= age < timedelta(minutes=2) for age in ages] == [True, True]


def test_changing_ids_double_nothing(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1", guid="a"), item("2", guid="b")))

    async def go(one: Hearing) -> list[str]:
        await one.posts(2)
        feeds.put(path, rss(item("1", guid="c", link="https://blog.example/1?utm_medium=rss"), item("2", guid="d")))
        await one.posts(2)
        feeds.put(path, rss(item("3", guid="e"), item("1", guid="f"), item("2", guid="g")))
        return await one.posts(3)

    assert run(settings(url), go) == ids("1", "2", "3")


def test_changing_ids_without_links_double_nothing_and_lose_nothing(feeds: FeedServer, path: str) -> None:
    def linkless(name: str, guid: str, **tags: str) -> str:
        return item(name, guid=guid, link="", **tags).replace("<guid>", '<guid isPermaLink="false">')

    url = feeds.put(path, rss(linkless("1", "a"), linkless("2", "b")))

    async def go(one: Hearing) -> list[str]:
        await one.posts(2)
        feeds.put(path, rss(linkless("1", "c"), linkless("2", "d")))
        await one.posts(2)
        feeds.put(path, rss(linkless("1", "e", pubDate="Tue, 03 Mar 2026 11:00:00 GMT"), linkless("1", "f")))
        return await one.posts(3)

    assert len(run(settings(url), go)) == 3


def test_one_id_for_all_items_loses_nothing(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1", guid="same"), item("2", guid="same")))

    async def go(one: Hearing) -> list[str]:
        await one.posts(2)
        feeds.put(path, rss(item("3", guid="same")))
        return await one.posts(3)

    assert run(settings(url), go) == ids("1", "2", "3")


def test_one_link_for_all_items_loses_nothing(feeds: FeedServer, path: str) -> None:
    """A status page: every item links to the page itself, some feeds give no id at all."""

    def status(*titles: str) -> str:
        return rss(*(item(t, title=t, guid="", link="http://blog.example/") for t in titles))

    url = feeds.put(path, status("Outage"))

    async def go(one: Hearing) -> list[str]:
        await one.posts(1)
        feeds.put(path, status("Resolved"))
        await one.posts(2)
        feeds.put(path, status("Outage again", "Resolved"))
        return await one.posts(3)

    heard = run(settings(url), go)
    assert len(set(heard)) == 3
    assert all(re.fullmatch(r"127\.0\.0\.1#[0-9a-f]{24}", name) for name in heard)


def test_an_item_twice_in_one_document_is_one(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1"), item("1"), item("1", guid="other")))
    assert [m.external_id for m in first(settings(url)).mentions] == ids("1")


def test_a_changed_text_is_an_edit(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1"), item("2")))

    async def go(one: Hearing) -> Batch:
        await one.posts(2)
        feeds.put(path, rss(item("1", description="It is up again."), item("2")))
        return await one.until(lambda batch: bool(batch.edits))

    batch = run(settings(url), go)
    assert [(m.external_id, m.text) for m in batch.edits] == [(ids("1")[0], "It is up again.")]
    assert batch.mentions == ()


def test_what_an_atom_feed_says_is_gone_is_a_delete(feeds: FeedServer, path: str) -> None:
    head = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>t</title>'
    )
    entries = [
        f'<entry><id>tag:x,1:{n}</id><title>Acme {n}</title><link href="https://blog.example/{n}"/></entry>'
        for n in range(3)
    ]
    stone = '<at:deleted-entry ref="tag:x,1:1" when="2026-03-03T10:00:00Z"/>'
    url = feeds.put(path, f"{head}{''.join(entries)}</feed>")
    cursors: dict[str, str] = {}
    run(settings(url), lambda one: one.posts(3), cursors)
    feeds.put(path, f"{head}{stone}{entries[0]}</feed>")

    async def go(one: Hearing) -> list[Batch]:
        batches = [await one.until(lambda batch: bool(batch.deletes))]
        feeds.put(path, f"{head}<subtitle>another</subtitle>{stone}{entries[0]}</feed>")
        return [*batches, *[await one.next() for _ in range(3)]]

    batches = run(settings(url), go, cursors)
    assert [gone.external_id for batch in batches for gone in batch.deletes] == ids("1")
    assert not any(batch.mentions or batch.edits for batch in batches)


def test_an_article_in_several_feeds_is_one_post(feeds: FeedServer, path: str) -> None:
    urls = [
        feeds.put(f"{path}/a", rss(item("1", guid="a1"))),
        feeds.put(f"{path}/b", rss(item("1", guid="b1", link="https://blog.example/1/?utm_source=b"))),
    ]

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda _: len(one.heard) == 2)
        return one.heard

    assert len(set(run(settings(*urls), go))) == 1


def test_comments_belong_to_their_article(feeds: FeedServer, path: str) -> None:
    comment = item("1", link="http://blog.example/post/#comment-17", title="Comment on Post by Jo")
    threaded = item("2").replace(
        "<item>",
        '<item><thr:in-reply-to xmlns:thr="http://purl.org/syndication/thread/1.0" ref="tag:x" href="http://blog.example/post/"/>',
    )
    url = feeds.put(path, rss(comment, threaded, item("post")))
    found = {m.external_id: m for m in first(settings(url)).mentions}
    assert set(found) == {"https://blog.example/post#comment-17", *ids("2", "post")}
    root = "https://blog.example/post"
    for name in ("https://blog.example/post#comment-17", ids("2")[0]):
        assert (found[name].kind, found[name].conversation_id, found[name].parent_id) == ("comment", root, root)
    assert (found[root].kind, found[root].conversation_id) == ("article", "")


def test_many_new_items_between_two_looks_are_all_heard_and_a_gap_is_told(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(*(item(str(n)) for n in range(1000))))

    async def go(one: Hearing) -> Batch:
        await one.posts(1000)
        feeds.put(path, rss(*(item(str(n)) for n in range(1000, 2000))))
        batch = await one.until(lambda batch: bool(batch.mentions))
        assert Counter(one.heard) == Counter(ids(*map(str, range(2000))))
        return batch

    assert "may have been missed" in run(settings(url), go).lost


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + ']><rss version="2.0"><channel><title>&a9;</title><item><title>&a9;</title></item></channel></rss>'
)
BAD: list[tuple[dict[str, Any], str]] = [
    ({"body": "<!DOCTYPE html><html><body>Welcome</body></html>"}, "this is a web page, and it names no feed"),
    ({"body": "just words"}, "this is no feed"),
    ({"body": ""}, "the answer is empty"),
    ({"body": "{}"}, "this is no JSON Feed"),
    ({"body": '{"version": "1", "items": []}'}, "this is JSON, but no JSON Feed"),
    ({"body": '{"version": "https://jsonfeed.org/version/1", "items": [1]}'}, "no item that can be read"),
    ({"body": "[" * 100_000}, "this is no feed"),
    ({"wrong": "bomb"}, "answers more than 1,000,000 bytes"),
    ({"wrong": "endless"}, "answers more than 1,000,000 bytes"),
    ({"wrong": "drop"}, "answers what cannot be read"),
    ({"status": 500}, "cannot answer"),
    ({"status": 404}, "does not have it"),
    ({"status": 401}, "asks for a login"),
    ({"status": 403}, "refuses us"),
    ({"status": 429, "headers": {"Retry-After": "100"}}, "asks us to slow down"),
]


def test_what_is_no_feed_is_told_in_words_and_the_others_go_on(feeds: FeedServer, path: str) -> None:
    """Each on a host name of its own, beside a feed that is well."""
    urls = {}
    for number, (how, said) in enumerate(BAD, 1):
        urls[feeds.at(number, feeds.put(f"{path}/{number}", **how))] = said
    well = feeds.put(path, rss(item("1")))

    async def go(one: Hearing) -> dict[str, str]:
        errors: dict[str, str] = {}
        looks = 0
        while len(errors) < len(urls) or looks < 2:
            batch = await one.next()
            looks += batch.part == well
            if batch.error:
                assert (batch.mentions, batch.cursor, batch.heard) == ((), None, False)
                errors[batch.part] = batch.error
        assert one.heard == ids("1")
        return errors

    errors = run(settings(*urls, well, timeout="10s", max_megabytes=1), go)
    for url, said in urls.items():
        assert said in errors[url], url


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_told_and_harms_nobody(feeds: FeedServer, path: str, encoding: str) -> None:
    bomb, well = feeds.put(f"{path}/bomb", BOMB.encode(encoding)), feeds.put(path, rss(item("1")))

    async def go(one: Hearing) -> None:
        parts: dict[str, Batch] = {}
        while len(parts) < 2:
            batch = await one.next()
            parts[batch.part] = batch
        assert (parts[bomb].mentions, parts[bomb].error) == ((), "its entities are made of entities, as no feed's are")
        assert len(parts[well].mentions) == 1

    run(settings(bomb, well), go)


def test_a_feed_that_declares_entities_of_its_own_is_read(feeds: FeedServer, path: str) -> None:
    declared = "<!DOCTYPE rss [<!ENTITY nbsp \"&#160;\"><!ENTITY firm 'A&amp;B'>]>"
    url = feeds.put(path, rss(item("1", title="Acme & more; again")).replace("?>", f"?>{declared}"))
    assert [one.title for one in first(settings(url)).mentions] == ["Acme & more; again"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_than_declared_is_read(feeds: FeedServer, path: str, encoding: str) -> None:
    body = rss(item("1", title="Störung in München", link="http://blog.example/1")).encode(encoding)
    url = feeds.put(path, body, headers={"Content-Type": "application/xml; charset=utf-8"})
    [mention] = first(settings(url)).mentions
    assert mention.title == "Störung in München"


def test_a_cut_document_gives_what_is_whole(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1"), item("2"), item("3"))[:-60])
    assert [m.external_id for m in first(settings(url)).mentions][:2] == ids("1", "2")


def test_gone_is_told_once_and_not_asked_again(feeds: FeedServer, path: str) -> None:
    gone, well = feeds.put(f"{path}/gone", status=410), feeds.put(path, rss(item("1")))

    async def go(one: Hearing) -> list[str]:
        told = await one.until(lambda batch: bool(batch.error))
        return [told.error, *(error for error in [(await one.next()).error for _ in range(5)] if error)]

    assert run(settings(gone, well), go) == ["127.0.0.1 says that it is gone for ever (HTTP 410)"]
    assert len(feeds.asked(f"{path}/gone")) == 1


def test_a_feed_that_has_moved_for_good_is_asked_at_its_new_address(feeds: FeedServer, path: str) -> None:
    new = feeds.put(f"{path}/new", rss(item("1")), etag=True)
    old = feeds.put(path, status=301, headers={"Location": f"{path}/new"})
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> None:
        await one.posts(1)
        feeds.asked(f"{path}/new", 2)

    run(settings(old), go, cursors)
    assert list(cursors) == [old]
    assert json.loads(cursors[old])["url"] == new
    assert len(feeds.asked(path)) == 1

    async def later(one: Hearing) -> None:
        feeds.put(f"{path}/new", status=404)
        feeds.put(path, rss(item("1"), item("2")))
        await one.posts(1)

    run(settings(old), later, cursors)
    assert json.loads(cursors[old]).get("url", "") == ""


def test_a_page_leads_to_the_feed_it_names(feeds: FeedServer, path: str) -> None:
    feeds.put(f"{path}/rss.xml", rss(item("1")))
    page = feeds.put(
        path,
        '<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="comments/feed/">'
        f'<link rel=alternate type="application/rss+xml" title="Posts" href="{path}/rss.xml"></head></html>',
        headers={"Content-Type": "text/html"},
    )

    async def go(one: Hearing) -> list[str]:
        await one.posts(1)
        return list(one.cursors)

    assert run(settings(page), go) == [page]
    assert len(feeds.asked(path)) == 1


def test_a_trickling_feed_delays_no_other(feeds: FeedServer, path: str) -> None:
    slow = feeds.at(30, feeds.put(f"{path}/slow", wrong="trickle"))
    well = feeds.put(path, rss(item("1")))

    async def go(one: Hearing) -> None:
        for number in range(2, 6):
            await one.until(lambda batch: bool(batch.mentions))
            feeds.put(path, rss(item(str(number)), item("1")))
        assert slow not in one.cursors

    run(settings(slow, well, timeout="60s"), go)


def test_a_server_that_wants_quiet_gets_it_and_says_when(feeds: FeedServer, path: str) -> None:
    url = feeds.at(31, feeds.put(path, status=503, headers={"Retry-After": "1000"}))
    batch = first(settings(url))
    assert batch.next_at is not None
    assert 900 < (batch.next_at - clock.now()).total_seconds() <= 1000


def test_private_addresses_are_refused(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1")))
    batch = first(settings(url, allow_private=False))
    assert batch.error == "127.0.0.1 is at 127.0.0.1, which is not a public address; `allow_private = true` allows it"


def test_opml_is_read(feeds: FeedServer, path: str, tmp_path: Path) -> None:
    url, more = feeds.put(path, rss(item("1"))), feeds.put(f"{path}/2?a=1&b=2", rss(item("2")))
    opml = tmp_path / "feeds.opml"
    opml.write_text(
        f'<opml version="2.0"><body><outline text="Blogs"><outline type="rss" xmlUrl="{url}"/>'
        f'<outline text="2" xmlUrl="{more.replace("&", "&amp;")}" /><outline text="no feed"/></outline></body></opml>'
    )

    async def go(one: Hearing) -> set[str]:
        await one.posts(2)
        return set(one.cursors)

    assert run(settings(url, opml=str(opml)), go) == {url, more}
    opml.write_text("<opml/>")
    with pytest.raises(FetchError, match=r"feeds\.opml names no feed"):
        first(settings(opml=str(opml)))
    with pytest.raises(FetchError, match=r"none\.opml cannot be read"):
        first(settings(opml=str(tmp_path / "none.opml")))


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"seen": 3}', '{"seen": "äöüß"}', "\ud800"])
def test_an_unreadable_cursor_is_a_fresh_start(cursor: str) -> None:
    memory = recall(cursor, Memory)
    assert not memory.url
    assert recall(as_cursor(memory), Memory) == memory


def test_a_login_is_used_and_not_shown(feeds: FeedServer, path: str) -> None:
    url = feeds.put(path, rss(item("1")))
    batch = first(settings(url.replace("http://", "http://me:secret@")))
    assert (batch.part, len(batch.mentions)) == (url, 1)
    assert feeds.asked(path, 1)[0]["authorization"].startswith("Basic ")


def test_verify_reads_every_feed(feeds: FeedServer, path: str) -> None:
    well, bad = feeds.put(path, rss(item("1"), item("2"))), feeds.put(f"{path}/bad", status=404)
    assert asyncio.run(verify(settings(well))) == "1 feed can be heard, with 2 posts now"
    with pytest.raises(FetchError, match=f"1 of 2 feeds cannot be heard: {re.escape(bad)}: 127.0.0.1 does not have it"):
        asyncio.run(verify(settings(well, bad)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs `urls` or `opml`"),
        ({"urls": ["blog.example"]}, "'blog.example' is no address"),
        ({"urls": ["ftp://me:secret@blog.example"]}, "'ftp://blog.example' is no address"),
        ({"urls": ["http://a.example"], "min_interval": "1h", "max_interval": "1m"}, "no longer than `max_interval`"),
        ({"urls": ["http://a.example"], "min_interval": "0s"}, "at least 0.1s"),
        ({"urls": ["http://a.example"], "channel": "A blog"}, "should match pattern"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Settings.model_validate(values)


def test_comments_are_looked_for_if_wanted(feeds: FeedServer, path: str) -> None:
    head = f"<link>{feeds.url}{path}/site/</link><generator>https://wordpress.org/?v=6.9</generator>"
    url = feeds.put(path, rss(item("1"), head=head), etag=True)
    comments = feeds.put(f"{path}/site/comments/feed/", rss(item("c", link="http://blog.example/1/#comment-5")))
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> list[str]:
        return await one.posts(2)

    assert run(settings(url, comments=True), go, cursors) == [*ids("1"), "https://blog.example/1#comment-5"]
    assert set(cursors) == {url, comments}

    async def again(one: Hearing) -> None:
        await one.until(lambda batch: batch.part == comments)

    run(settings(url, comments=True), again, cursors)


def test_a_thousand_feeds_at_once(feeds: FeedServer, path: str) -> None:
    """On forty hosts: each is heard with what only it has, none twice."""
    name = path[1:]
    given = {f"{path}/{n}": rss(item(f"{name}-{n}"), item(f"{name}-all")) for n in range(1000)}
    urls = [feeds.at(n % HOSTS + 1, url) for n, url in enumerate(feeds.put_all(given, etag=True))]

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda _: len(one.cursors) == 1000)
        return one.heard

    began = time.monotonic()
    heard = run(settings(*urls, min_interval="5m", max_interval="5m"), go)
    print(f"1,000 feeds in {time.monotonic() - began:.1f} s")
    assert set(heard) == set(ids(*(f"{name}-{n}" for n in range(1000)), f"{name}-all"))
    assert max(Counter(heard).values()) == 1000  # of the article that all have: the store keeps one
