"""Feeds that pages and reading lists name."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leitstand.errors import FetchError
from listeners.feeds.finding import feeds_on_page, is_of_comments, looks_like_page, read_opml
from listeners.plaintext import is_link

ADDRESS = "https://blog.example/de/"


def named(*links: str, head: str = "") -> list[str]:
    return feeds_on_page(f"<!doctype html><html><head>{head}{''.join(links)}".encode(), ADDRESS)


def link(href: str, kind: str = "application/rss+xml", rel: str = "alternate") -> str:
    return f'<LINK REL="{rel}" TYPE="{kind}" HREF="{href}">'


def test_feeds_are_found_in_their_order_and_comments_last() -> None:
    assert named(link("/comments/feed/"), link("feed"), link("//cdn.example/a.json", "application/feed+json")) == [
        "https://blog.example/de/feed",
        "https://cdn.example/a.json",
        "https://blog.example/comments/feed/",
    ]


def test_only_feeds_are_found() -> None:
    others = [
        link("/x", "text/css", "stylesheet"),
        link("/de", "text/html"),
        link("/wp-json/wp/v2/posts/1", "application/json"),
        link("javascript:alert(1)"),
        link("http://[broken"),
        link(""),
        "<link>",
    ]
    assert named(*others) == []


def test_the_base_counts() -> None:
    assert named(link("feed"), head='<base href="/en/">') == ["https://blog.example/en/feed"]


def test_a_page_is_told_from_a_feed() -> None:
    assert looks_like_page(b"\n <!DOCTYPE HTML>")
    assert looks_like_page(b'<?xml version="1.0"?><html xmlns="x">')
    assert not looks_like_page(b'<?xml version="1.0"?><rss>')


def test_a_page_whose_tags_never_end_does_not_take_for_ever() -> None:
    page = b"<html>" + link("feed").encode() + b"<a " * 200_000
    assert feeds_on_page(page, ADDRESS) == ["https://blog.example/de/feed"]


def test_comments_are_known_by_their_address() -> None:
    assert is_of_comments("https://blog.example/comments/feed/")
    assert not is_of_comments("https://blog.example/feed/")


@given(st.binary(max_size=300))
def test_any_page_is_read(body: bytes) -> None:
    assert all(is_link(one) for one in feeds_on_page(b"<html>" + body, ADDRESS))


@given(st.text())
@example("<![")
def test_any_reading_list_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.opml"
    path.write_text(f'<opml>{text}<outline xmlUrl="https://blog.example/feed">', "utf-8", "replace")
    try:
        assert all(is_link(one) for one in read_opml(path))
    except FetchError as error:
        assert "names no feed" in str(error)


def test_a_list_on_a_path_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be read"):
        read_opml(tmp_path)
