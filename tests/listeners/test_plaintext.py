"""What is left of HTML: the words, one line a block, and the links."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listeners.plaintext import MAX_HTML, MAX_TEXT, _tidy, _untidy, _with_sections_as_text, clean, from_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a < b & c > d", "a < b & c > d"),
        ("AT&amp;T &uuml;ber &#252; &#x1F525; &nbsp; &bogus;", "AT&T über ü 🔥 &bogus;"),
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three<hr>Four", "One\nTwo\nThree\nFour"),
        ("<ul><li>One<li>Two</ul>After", "One\nTwo\nAfter"),
        ("<b>bo</b>ld <i>and</i>   <u>more</u>\n\n here", "bold and more\nhere"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("x<script>alert('<p>1</p>')</script>y<style>p{}</style>z", "xyz"),
        ("x<svg><svg><text>no</text></svg>no</svg>y", "xy"),
        ("x<script>never closed", "x"),
        ("<template/>shown", "shown"),
        ("<!-- no --><!DOCTYPE html><?php no ?>yes", "yes"),
        ("<img src=x alt='a cat'>", "a cat"),
        ("<a href=x onclick=alert(1)>here</a>", "here"),
        ("NUL\0 and \x07 and \ud800 go", "NUL and and go"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("<![CDATA[kept]]>", "kept"),
        ("<![if gte mso 9]>a<![endif]>b", "ab"),
        ("<!<![[x[y>z", "z"),
        ("<p>one <!-- never closed <p>two", "one <!-- never closed\ntwo"),
        ("<p>one <b two", "one <b two"),
    ],
)
def test_text(html: str, text: str) -> None:
    assert from_html(html).text == text


def test_links_are_collected_once_and_only_those_of_the_web() -> None:
    html = (
        '<a href="https://a.example/?x=1&amp;y=2">1</a><a href=" HTTP://b.example ">2</a><a href="https://a.example/?x=1&y=2">'
        '<a href="javascript:alert(1)">3</a><a href="/relative">4</a><a href="https://c.example/ x">5</a><a>6</a>'
        '<script><a href="https://d.example"></script>'
    )
    assert from_html(html).links == ("https://a.example/?x=1&y=2", "HTTP://b.example")


def test_it_is_cut() -> None:
    assert len(from_html("word " * MAX_HTML).text) <= MAX_TEXT
    assert len(from_html("".join(f'<a href="https://a.example/{n}">' for n in range(500))).links) == 100


def test_hostile_nesting_is_quick_and_harmless() -> None:
    assert from_html("<div>" * 100_000 + "deep").text == "deep"
    assert from_html("<" * 100_000).text == "<" * 100_000
    assert from_html("&" * 100_000).text == "&" * 100_000


@pytest.mark.parametrize(
    ("endless", "end"), [("<a ", ""), ("<a ", "b='>'"), ("<a b='", ""), ("<!--", ""), ("<!--", ">"), ("</", "")]
)
def test_what_never_ends_does_not_take_for_ever(endless: str, end: str) -> None:
    """Where each is read to the end of the text, so much of it takes a quarter of an hour."""
    assert from_html("one" + endless * (300_000 // len(endless)) + end).text.startswith("one")


pieces = st.sampled_from(
    ["<", ">", "</", "/>", "<!--", "-->", "<![", "]]>", "<!", "&#", ";", "script", "p", "a href=", '"', "\0"]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=30).map("".join) | st.text())
@settings(max_examples=300, deadline=None)
def test_it_never_raises_and_what_it_gives_is_storable(html: str) -> None:
    plain = from_html(html)
    for part in (plain.text, *plain.links):
        assert "\0" not in part
        part.encode()
    assert plain.text == plain.text.strip()


@given(st.text(st.characters(codec="utf-8", exclude_characters="<&", exclude_categories=["C", "Z"]), min_size=1))
def test_words_without_markup_come_through_unchanged(words: str) -> None:
    assert from_html(words).text == words


@given(st.text(st.sampled_from(" \n\r\t\x0b\x85\xa0\u2028\u3000\u200b\0\ud800ab") | st.characters(), max_size=12))
def test_what_is_clean_already_gives_the_same_by_the_short_way(words: str) -> None:
    assert clean(words) == clean(f"{words}  ")  # the blanks at the end make it go the long way


PIECES = [
    "<p>", "</p>", "<br>", "<br/>", "<br />", "<li>", "<td>", "<b>", "</b>", "<hr/>", "<h1>", "</a>", "<span>",
    "</ul >", '<a href="https://a.example/?x=1&amp;y=2">', '<a href="https://a.example/?x=1&y=2">',
    "<a href='https://b.example'>", '<a  HREF="https://D.example/ü">', "<a href>", "<a href=https://c.example>",
    '<a href = "https://e.example">', '<a href="&#104;ttps://f.example">', '<img src="x" alt="pic &amp; more">',
    '<img alt="a" alt="b"/>', '<IMG ALT="q">', '<div\tclass="a>b">', '<b class="x" id>', '<span title="a<b">',
    "<p/>", "</p/>", '</p x="1">', "<p", '<a href="', "</", "<script>x</script>", "<title>t</title>", "<form>",
    "</form>", "<!-- c -->", "<![CDATA[z]]>", "]]>", "<0>", "<a-b>", "words", "a & b", "&lt;p&gt;", "&amp;lt;",
    "&nbsp;", "&#x41;", "&bogus;", "&copy", "&amp", "<", ">", '"', "'", " ", "\n", "\x00", "\ud800",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=9).map("".join))
def test_the_short_way_tells_the_same_as_the_long_one(html: str) -> None:
    html = _with_sections_as_text(html)
    short, long = _tidy(html), _untidy(html)
    assert short is None or ("".join(short.parts), short.links) == ("".join(long.parts), long.links)


def test_the_short_way_is_taken_for_what_most_feeds_are() -> None:
    assert _tidy('<p class="x">a &amp; <a href="https://a.example/?b=1&amp;c=2">b</a><br/><img src="i" alt=\'c\'></p>')


@given(st.text(alphabet=" \n\t\r\x00\x1c\x1f\x85\xa0\u2028ab\u3000\ud800", max_size=9))
def test_clean_text_has_single_blanks_and_nothing_else(text: str) -> None:
    found = clean(text)
    assert found == clean(found) == found.strip()
    assert "".join(found.split()) == "".join(c for c in text if c in "ab")
    assert not set(found) - set("ab \n")
    assert not any(pair in found for pair in ("  ", " \n", "\n ", "\n\n"))
