"""Which item is which, for any feed there can be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.feeds.document import Feed, Item
from listeners.feeds.identity import LONGEST_ID, MARK, Seen, identify, normalised
from listeners.feeds.mentions import mention

ADDRESS = "https://blog.example/feed"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def heard(seen: Seen, *items: Item, home: str = "https://blog.example/") -> list[str]:
    return [one.external_id for one in seen.hear(identify(Feed(items, home=home), ADDRESS)).new]


def post(number: int, **more: str) -> Item:
    return Item(**{"id": f"id{number}", "link": f"https://blog.example/{number}", "title": f"Post {number}", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("link", "same"),
    [
        ("http://Blog.Example:80/a/", "https://blog.example/a"),
        ("https://blog.example/a?utm_source=x&b=1&fbclid=2", "https://blog.example/a?b=1"),
        ("https://blog.example/a?q=a%20b", "https://blog.example/a?q=a%20b"),
        ("https://blog.example/a?b=%C3%A4&UTM_medium=x", "https://blog.example/a?b=%C3%A4"),
        ("https://blog.example/a#comment-3", "https://blog.example/a#comment-3"),
        ("https://user:pass@blog.example:8443/", "https://blog.example:8443"),
        ("https://[::1/", ""),
        ("https://blog.example:port/", ""),
        ("tag:blog.example,2026:1", ""),
        ("", ""),
    ],
)
def test_links_are_the_same_without_what_does_not_matter(link: str, same: str) -> None:
    assert normalised(link) == same
    assert normalised(same) == same


def test_two_marks_that_agree_make_it_known() -> None:
    seen = Seen({})
    assert heard(seen, post(1)) == ["https://blog.example/1"]
    for changed in ({"id": "new"}, {"title": "corrected"}, {"link": "https://blog.example/moved"}):
        assert heard(seen, post(1, **changed)) == []


def test_one_mark_that_agrees_among_three_does_not() -> None:
    seen = Seen({})
    heard(seen, post(1))
    assert heard(seen, post(2, id="id1")) == ["https://blog.example/2"]
    assert heard(seen, post(3, title="Post 1")) == ["https://blog.example/3"]


def test_ids_that_are_unique_in_the_world_name_what_has_no_link() -> None:
    for name in ("tag:blog.example,2026:1", "urn:uuid:1225c695", "https://blog.example/?p=1"):
        assert heard(Seen({}), Item(id=name, title="a")) == [name]
    [one], [two] = (heard(Seen({}), Item(id=name, title="a")) for name in ("1", "2"))
    assert one != two
    assert one.startswith("blog.example#")


def test_an_id_that_is_too_long_is_cut_and_stays_itself() -> None:
    [one], [two] = (heard(Seen({}), post(1, link=f"https://blog.example/{'a' * 1000}{end}")) for end in "xy")
    assert one != two
    assert len(one) == len(two) <= LONGEST_ID


def test_what_is_remembered_is_bounded_but_never_less_than_two_documents() -> None:
    seen = Seen({})
    for start in range(0, 30_000, 100):
        assert len(heard(seen, *(post(n) for n in range(start, start + 100)))) == 100
    assert len(seen.marks) == Seen.LEAST
    large = [post(n) for n in range(50_000, 52_000)]
    heard(seen, *large)
    assert len(seen.marks) == 13_000
    assert heard(seen, *reversed(large)) == []


def edited(seen: Seen, *items: Item) -> list[str]:
    return [one.external_id for one in seen.hear(identify(Feed(items), ADDRESS)).edited]


def test_changed_words_are_an_edit_and_changed_numbers_are_none() -> None:
    seen = Seen({})
    assert edited(seen, post(1, text="Down. 17 comments")) == []
    assert edited(seen, post(1, text="Down. 18 comments")) == []
    assert edited(seen, post(1, text="Up. 18 comments")) == ["https://blog.example/1"]
    assert edited(seen, post(1, text="Up. 19 comments")) == []


def test_a_new_footer_everywhere_is_no_edit() -> None:
    seen = Seen({})
    edited(seen, *(post(n, text="Down.") for n in range(8)))
    assert edited(seen, *(post(n, text="Down. Follow us!") for n in range(8))) == []
    assert edited(seen, post(0, text="Up."), *(post(n, text="Down. Follow us!") for n in range(1, 8))) == [
        "https://blog.example/0"
    ]


texts = st.sampled_from(["", "a", "b", "c"])
links = st.sampled_from(["", "https://blog.example/", "https://blog.example/1", "https://blog.example/2#c", "nothing"])
items = st.builds(Item, id=texts, link=links, title=texts, text=texts, answers=links)
documents = st.lists(items, max_size=6)


@given(st.lists(documents, min_size=1, max_size=5))
def test_nothing_is_ever_heard_twice_while_it_stays(history: list[list[Item]]) -> None:
    seen = Seen({})
    for document in history:
        heard(seen, *document)
        assert heard(seen, *document) == []
        again = Seen.from_text(seen.text())
        assert again == seen
        assert heard(again, *document) == []


@given(documents, items)
def test_what_shares_nothing_with_what_was_heard_is_new(document: list[Item], other: Item) -> None:
    seen = Seen({})
    heard(seen, *document)
    fresh = Item(id="id-x", link="https://blog.example/x", title="x", text="x")
    assert "https://blog.example/x" in heard(seen, *document, fresh, other)


@given(st.lists(st.builds(Item, id=st.text(), link=st.text(), title=st.text(), text=st.text(min_size=1))))
def test_ids_and_marks_keep_their_form(document: list[Item]) -> None:
    for one in identify(Feed(tuple(document)), ADDRESS):
        assert 0 < len(one.external_id) <= LONGEST_ID
        assert all(len(mark) == MARK for mark in one.marks)
        assert one.marks


@given(st.datetimes(timezones=st.just(UTC)) | st.none(), st.text(max_size=10))
def test_a_mention_is_never_of_the_future_nor_of_antiquity(written: datetime | None, language: str) -> None:
    item = Item(id="1", title="a", written=written, language=language)
    [found] = identify(Feed((item,)), ADDRESS)
    made = mention(found, Feed((item,)), "blog", NOW)
    assert made is not None
    assert NOW - timedelta(days=366 * 60) < made.created_at <= NOW
    assert made.language == "" or (made.language.isalpha() and 2 <= len(made.language) <= 3)
