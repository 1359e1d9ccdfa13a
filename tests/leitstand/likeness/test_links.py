"""Canonical links: what is the same page, what is a page that joins nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.likeness.links import MOST, canonical, ignoring, links_in, shared, without_links

SAME = "dailyferret.example/business/kestrel"


@pytest.mark.parametrize(
    "link",
    [
        "https://www.dailyferret.example/business/kestrel",
        "http://dailyferret.example/business/kestrel/",
        "HTTPS://M.DailyFerret.example/business/kestrel#comments",
        "https://dailyferret.example:443/business/kestrel?utm_source=x&utm_medium=y&fbclid=1&gclid=2&ref=feed",
        "https://dailyferret.example/business/kestrel/amp/",
        "https://amp.dailyferret.example/business/kestrel?amp=1",
        "https://dailyferret.example/business/kestrel/index.html",
        "https://dailyferret.example//business/kestrel",
        "https://www.google.com/amp/s/dailyferret.example/business/kestrel/amp/",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.dailyferret.example%2Fbusiness%2Fkestrel%3Ffbclid%3Dx&h=AT0",
        "https://www.google.com/url?sa=t&q=https://dailyferret.example/business/kestrel",
        "dailyferret.example/business/kestrel",
    ],
)
def test_the_same_page_is_one_link_however_it_is_shared(link: str) -> None:
    assert canonical(link) == SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://acme.example/a?id=1", "https://acme.example/a?id=2"),
        ("https://acme.example/a", "https://acme.example/A"),
        ("https://acme.example/a", "https://shop.acme.example/a"),
        ("https://acme.example/a", "https://acme.example:8443/a"),
        ("https://acme.example/amplifier", "https://acme.example/lifier"),
        ("https://x.com/a/status/1", "https://x.com/a/status/2"),
    ],
)
def test_another_page_is_another_link(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_the_order_of_parameters_does_not_matter() -> None:
    assert canonical("https://acme.example/s?b=2&a=1&utm_id=9") == canonical("http://acme.example/s/?a=1&b=2")


@pytest.mark.parametrize(("one", "other"), [
    ("https://youtu.be/Qx7?si=1", "https://m.youtube.com/watch?v=Qx7&t=9"),
    ("https://twitter.com/ann/status/1?s=20", "https://mobile.x.com/ann/status/1"),
    ("https://müller.example/Straße", "https://xn--mller-kva.example/Stra%C3%9Fe"),
])  # fmt: skip
def test_sites_that_have_several_addresses_have_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) != ""


@pytest.mark.parametrize(
    "link",
    [
        "https://acme.example",
        "http://www.acme.example/",
        "https://acme.example/?utm_source=x",
        "https://acme.example/index.php",
        "ftp://acme.example/a",
        "https://[::1/a",
        "https://localhost/a",
        "",
        "https://acme.example:99999/a",
    ],
)
def test_a_root_page_and_what_is_no_link_join_nothing(link: str) -> None:
    assert canonical(link) == ""


def test_ignored_links_are_a_site_or_a_page_with_what_lies_below() -> None:
    ignored = ignoring(["status.acme.example", "https://www.acme.example/help/"])
    links = [
        "https://status.acme.example/incidents/7",
        "https://eu.status.acme.example/1",
        "https://acme.example/help/login",
        "https://acme.example/helpers",
        "https://notstatus.acme.example/1",
    ]
    assert shared(links, ignored) == ("acme.example/helpers", "notstatus.acme.example/1")


def test_a_digest_joins_nothing() -> None:
    links = [f"https://acme.example/{n}" for n in range(MOST + 1)]
    assert len(shared(links[:-1])) == MOST
    assert shared(links) == ()


def test_links_are_found_in_a_text_without_the_sentence_around_them() -> None:
    said = "Read (https://acme.example/a_(b)). Or www.acme.example/x, or acme.example/blog/post! und/oder z.B./etc 3/4"
    assert list(dict.fromkeys(links_in(said))) == [
        "https://acme.example/a_(b)",
        "www.acme.example/x",
        "acme.example/blog/post",
    ]
    assert "acme" not in without_links(said)


def test_a_link_that_was_cut_off_is_none() -> None:
    assert links_in("more at https://acme.example/blog/2026/the-lo… and acme.example/ab...") == []


@given(st.text(max_size=60))
def test_any_text_has_a_canonical_form_that_stays(said: str) -> None:
    once = canonical(said)
    assert canonical(once) in (once, "")
    assert canonical(f"https://acme.example/{said}") is not None
