"""Watchlists: the order of the file, the languages they are held to, the brand's own accounts, and bad queries."""

from datetime import UTC, datetime

import pytest

from leitstand.model import Author, Mention
from leitstand.settings import Brand, Settings, Watchlist
from listeners.watchlists import Watchlists, problems

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def mention(text: str, language: str = "", channel: str = "x", handle: str = "ada", author_id: str = "") -> Mention:
    return Mention(channel, "1", text, NOW, NOW, language=language, author=Author(author_id, handle))


def test_matches_come_in_the_order_of_the_file() -> None:
    lists = [Watchlist(name="zulu", query="acme"), Watchlist(name="alpha", query="acme OR cloud")]
    watchlists = Watchlists(Settings(watchlists=lists))
    assert watchlists.match(mention("acme")) == ("zulu", "alpha")
    assert watchlists.match(mention("cloud")) == ("alpha",)
    assert watchlists.match(mention("rain")) == ()


def test_languages_hold_a_watchlist_to_them() -> None:
    settings = Settings(watchlists=[Watchlist(name="de", query="acme", languages=["de", "nl"])])
    watchlists = Watchlists(settings, detect=lambda text: "de" if "geht" in text else "unknown")
    assert watchlists.match(mention("acme", language="de-AT")) == ("de",)
    assert watchlists.match(mention("acme", language="en")) == ()
    assert watchlists.match(mention("acme geht nicht")) == ("de",)
    assert watchlists.match(mention("acme")) == ()


@pytest.mark.parametrize(
    ("by", "own"),
    [
        (mention("hi", handle="acme"), True),
        (mention("hi", handle="@Acme"), True),
        (mention("hi", handle="acme", channel="mastodon"), False),
        (mention("hi", handle="acme@social.example", channel="mastodon"), True),
        (mention("hi", handle="renamed", author_id="4711"), True),
        (mention("hi", handle="ada"), False),
        (mention("hi", handle=""), False),
    ],
)
def test_own_accounts_are_known_by_handle_or_id(by: Mention, own: bool) -> None:
    accounts = ["x:acme", "mastodon:@acme@social.example", "x:4711"]
    assert Watchlists(Settings(brand=Brand(own_accounts=accounts))).is_own(by) is own


def test_the_network_itself_may_say_that_it_is_the_brand() -> None:
    answer = Mention("appstore", "1", "It is fixed", NOW, NOW, author=Author("developer", "developer", own=True))
    for accounts in ([], ["x:acme"]):
        assert Watchlists(Settings(brand=Brand(own_accounts=accounts))).is_own(answer)


def test_each_bad_query_is_a_problem_that_shows_the_place() -> None:
    lists = [Watchlist(name=f"w{n}", query=q) for n, q in enumerate(["acme", "acme AND cloud OR down", "(acme"])]
    first, second = problems(Settings(watchlists=lists))
    assert (first.path, second.path) == ("watchlists.1.query", "watchlists.2.query")
    assert "AND and OR" in first.message
    assert first.message.endswith("    acme AND cloud OR down\n                   ^^")
    assert second.message.endswith("    (acme\n    ^")


def test_in_a_query_of_several_lines_the_line_of_the_error_is_shown() -> None:
    [problem] = problems(Settings(watchlists=[Watchlist(name="w", query='acme AND\n"down')]))
    assert problem.message.splitlines()[1:] == ['    "down', "    ^"]
