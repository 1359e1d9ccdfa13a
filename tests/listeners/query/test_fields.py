"""QUERY's "Fields"."""

from collections.abc import Callable

import pytest

from leitstand.errors import QueryError
from leitstand.model import Author
from listeners.query.parser import parse

Ask = Callable[..., bool]


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("lang:de", "de", True),
        ("lang:de", "de-AT", True),
        ("lang:de", "DE_ch", True),
        ("lang:de,en", "en", True),
        ("lang:DE", "de", True),
        ("lang:de", "en", False),
        ("lang:de", "", False),
        ("NOT lang:de", "", True),
        ("lang:de", "unknown", False),
    ],
)
def test_lang(ask: Ask, query: str, language: str, expected: bool) -> None:
    assert ask(f"a AND {query}", "a", language=language) is expected


@pytest.mark.parametrize(
    ("query", "expected"), [("channel:x", True), ("channel:blog,X", True), ("channel:blog", False)]
)
def test_channel(ask: Ask, query: str, expected: bool) -> None:
    assert ask(f"a AND {query}", "a") is expected


@pytest.mark.parametrize(
    ("query", "handle", "expected"),
    [
        ("author:acme", "acme", True),
        ("author:@acme", "ACME", True),
        ("author:acme", "@acme", True),
        ("author:acme", "acme@social.example", True),
        ("author:acme", "acme.bsky.social", True),
        ("author:acme@social.example", "acme@social.example", True),
        ("author:acme@social.example", "acme", False),
        ("author:acme", "acmehelp", False),
        ("author:acme*", "acmehelp", True),
        ("author:ac?e", "acme", True),
        ("author:acme", "", False),
    ],
)
def test_author(ask: Ask, query: str, handle: str, expected: bool) -> None:
    assert ask(query, "hello", author=Author(handle=handle)) is expected


@pytest.mark.parametrize(
    ("query", "followers", "expected"),
    [
        ("followers:>=1000", 1000, True),
        ("followers:>1000", 1000, False),
        ("followers:>1000", 1001, True),
        ("followers:<1000", 1000, False),
        ("followers:<1000", 999, True),
        ("followers:<=1000", 1000, True),
        ("followers:=5", 5, True),
        ("followers:=5", 6, False),
        ("followers:[10 TO 20]", 20, True),
        ("followers:[10 TO 20]", 21, False),
        ("followers:[10 TO 20]", 9, False),
        ("followers:>=0", None, False),
        ("NOT followers:>=0", None, True),
    ],
)
def test_followers(ask: Ask, query: str, followers: int | None, expected: bool) -> None:
    assert ask(f"a AND {query}", "a", author=Author(followers=followers)) is expected


@pytest.mark.parametrize(
    ("query", "url", "expected"),
    [
        ("site:example.com", "https://example.com/a", True),
        ("site:example.com", "https://Blog.Example.com:8080/a", True),
        ("site:www.example.com", "https://example.com/", True),
        ("site:example.com", "https://blog.example.com./a", True),
        ("site:https://example.com/", "https://example.com/a", True),
        ("site:example.com", "https://notexample.com/", False),
        ("site:example.com", "https://example.com.other.example/", False),
        ("site:example.com", "https://other.example/?example.com", False),
        ("site:example.com", "", False),
        ("site:example.com", "https://[broken", False),
        ("url:example.com/prices", "https://www.example.com/prices/2026", True),
        ("url:https://example.com/prices", "http://example.com/prices", True),
        ("url:EXAMPLE.com", "https://example.COM/", True),
        ("url:ample.c", "https://example.com/", True),
        ("url:example.com/prices", "https://example.com/", False),
    ],
)
def test_addresses(ask: Ask, query: str, url: str, expected: bool) -> None:
    assert ask(query, "hello", url=url) is expected


def test_url_also_looks_at_the_links_in_the_text(ask: Ask) -> None:
    assert ask("url:example.com/a", "see https://example.com/a?x=1")
    assert ask("url:example.com/a", "see example", links=("https://www.example.com/a",))
    assert not ask("site:example.com", "see https://example.com/a")
    assert not ask("url:example.com/a", "https://other.example")


@pytest.mark.parametrize(
    "kind", ["post", "reply", "repost", "quote", "comment", "article", "review", "message", "question"]
)
def test_is_kind(ask: Ask, kind: str) -> None:
    assert ask(f"a AND is:{kind}", "a", kind=kind)
    assert ask("a AND is:repost", "a", kind=kind) is (kind == "repost")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a?", True), ("a ？", True), ("a؟", True), ("a", False), ("a https://example.com/?q=1", False)],
)
def test_is_question(ask: Ask, text: str, expected: bool) -> None:
    assert ask("a AND is:question", text) is expected


def test_has(ask: Ask) -> None:
    assert ask("a AND has:link", "a https://example.com")
    assert ask("a AND has:link", "a", links=("https://example.com",))
    assert not ask("a AND has:link", "a", url="https://example.com/own")
    assert ask("a AND has:media", "a", media=1)
    assert not ask("a AND has:media", "a")


@pytest.mark.parametrize(
    "query",
    [
        "lang:", "lang:german", "lang:de,", "channel:,", "author:@", 'author:"a b"', "author:*a", "author:(a OR b)",
        "followers:many", "followers:5",
        "followers:[20 TO 10]", "followers:[1 to 2]", "followers:<0",
        "site:example.com/a", "site:*.example", "url:/", "url:https://", "url:exam*", "channel:x*", "channel:x?",
        "lang:d*", "is:tweet", "has:picture", "language:de", 'lang:"de',
    ],
)  # fmt: skip
def test_refuses_values_that_a_field_does_not_take(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"a AND {query}")
    assert caught.value.start >= 6
    assert caught.value.suggestion


def test_a_value_in_quotes(ask: Ask) -> None:
    assert ask('author:"acme"', "hello", author=Author(handle="acme"))
    assert ask('"lang:de"', "lang de")
