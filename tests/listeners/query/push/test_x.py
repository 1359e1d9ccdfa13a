"""What X is asked, word for word, and how its rules are brought up to date."""

import pytest

from listeners.query.parser import parse
from listeners.query.push import x
from listeners.query.push.x import Changes, Rule

BRANDS = " OR ".join(f"cmpnybrnd{letter}{number}" for letter in "bcdfghjklm" for number in range(6))
TROUBLE = " OR ".join(["kundenservice", "outage", "rechnung", "stoerung", "kaputt", "support", "login", "langsam"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("bmw", ["bmw"]),
        ("bmw AND lang:de", ["bmw lang:de"]),
        ("bmw AND lang:de,he", ["bmw (lang:de OR lang:iw)"]),
        ("bmw AND NOT lang:de,en", ["bmw -lang:de -lang:en"]),
        ("bmw NOT is:repost", ["bmw -is:retweet"]),
        ("bmw AND is:reply", ["bmw is:reply"]),
        ("bmw NOT is:reply", ["bmw"]),
        ("bmw AND is:post", ["bmw -is:retweet -is:reply -is:quote"]),
        ("bmw AND is:review", []),
        ("bmw AND is:question", ["bmw"]),
        ("bmw AND has:media", ["bmw has:media"]),
        ("bmw NOT has:media", ["bmw"]),
        ("bmw AND (NOT bk)", ["bmw"]),
        ("author:bmw NOT author:@BK", ["from:bmw -from:bk"]),
        ("author:bmw*", None),
        ("author:bmw@social.example", []),
        ("bmw AND channel:x", ["bmw"]),
        ("bmw AND channel:blog", []),
        ("bmw NOT channel:blog", ["bmw"]),
        ("bmw OR (bk AND channel:blog)", ["bmw"]),
        ("bmw OR ((bmw OR bk) AND bw)", ["bmw OR ((bmw OR bk) bw)"]),
        ("bmw OR bk OR ((bmw OR bk) AND bw)", ["bmw OR bk"]),
        ("bmw AND site:x.com", ["bmw"]),
        ("bmw AND site:blog.example", []),
        ("bmw AND followers:>10", ["bmw"]),
        ("bmw AND (url:bk.example OR bk)", ["bmw"]),
        ("url:bk.example", None),
        ("bmw*", None),
        ("bmw* OR bk", None),
        ("bmw AND bk*", ["bmw"]),
        ("the", None),
        ("bmw AND {by}", ["bmw by"]),
        ("{OR} AND bmw", ['"OR" bmw']),
        ("東京", None),
        ('"bmw bk"', ['"bmw bk"']),
        ("b-mw OR mw_b", ['"b mw" OR "mw b"']),
        ("(bmw NEAR/3 bk) AND bw", ["bmw bk bw"]),
        ("@bmw OR @bmw_of_a_long_name", ['@bmw OR "bmw of a long name"']),
        ("$bmw OR $bmwdw1234", ["$BMW OR bmwdw1234"]),
        ("#bmw OR #42", ["#bmw OR 42"]),
        ("👍🏽 OR 👩‍💻", None),
        ("👍🏽 OR ❤", ["👍🏽 OR ❤ OR ❤\ufe0f"]),
    ],
)
def test_rules(query: str, expected: list[str] | None) -> None:
    assert x.rules_of(parse(query)) == expected


def test_a_watchlist_that_x_cannot_be_asked_for_keeps_no_other_from_being_served() -> None:
    served = x.serving({"all": parse("bmw*"), "brand": parse("bk"), "same": parse("bk")})
    assert set(served.values()) == {frozenset({"brand", "same"})}
    assert set(x.searches({"brand": parse("bk")})) < set(served), "its searches beside its rules"


def test_a_term_is_asked_in_all_its_spellings() -> None:
    (rule,) = x.rules_of(parse("mueller")) or []
    assert {"mueller", "müller", "muéller"} <= set(rule.split(" OR "))
    assert x.rules_of(parse("müller")) == ["müller OR mueller"]
    assert x.searches_of(parse("mueller")) == ["mueller OR müller OR muller"]


def test_a_long_query_becomes_several_rules_that_fit() -> None:
    rules = x.rules_of(parse(f"({BRANDS}) AND ({TROUBLE})")) or []
    assert len(rules) > 1
    assert all(len(rule) <= 1024 for rule in rules)


def test_with_few_rules_accents_are_left_out_first_and_conditions_last() -> None:
    node = parse(f"({BRANDS}) AND ({TROUBLE})")
    all_of_it, german, widest = (x.rules_of(node, most=most) or [] for most in (1000, 6, 1))
    assert len(all_of_it) > 6 >= len(german)
    assert "kundensérvice" in " ".join(all_of_it)
    assert "kundensérvice" not in " ".join(german)
    assert "rechnung" in " ".join(german)
    assert len(widest) == 1
    assert "cmpnybrndb0" in widest[0]
    assert "rechnung" not in widest[0]


def test_one_watchlist_does_not_take_the_rules_of_the_next() -> None:
    long = parse(" OR ".join(f"wort{number}lang" for number in range(400)))
    watchlists = {"long": long, "short": parse("bmw")}
    rules = x.rules(watchlists, limit=4)
    assert [rule.tag.split(":")[1] for rule in rules] == ["short"]
    assert list(x.unheard(watchlists, limit=4)) == ["long"]
    assert "more rules" in x.unheard(watchlists, limit=4)["long"]


def test_unheard_watchlists_are_named_with_the_reason() -> None:
    assert list(x.unheard({"wild": parse("bmw*"), "not here": parse("bmw AND channel:blog"), "word": parse("bk")})) == [
        "wild"
    ]


def test_rules_are_tagged_and_the_same_rule_is_there_once() -> None:
    rules = x.rules({"a" * 200: parse("bmw"), "b": parse("bmw"), "c": parse("bk")})
    assert [rule.value for rule in rules] == ["bmw", "bk"]
    assert all(rule.tag.startswith(x.TAG) and len(rule.tag) <= 100 for rule in rules)


def test_the_difference_is_the_smallest() -> None:
    kept, new = Rule("leitstand:a:1", "bmw"), Rule("leitstand:b:2", "bk")
    have = [("1", *kept), ("2", "leitstand:old:3", "old"), ("3", "someone else's", "vw"), ("4", *kept)]
    assert x.diff(have, [kept, new, Rule("leitstand:c:3", "vw")]) == Changes((new,), ("2", "4"))
    assert x.diff([("1", *kept)], [kept]) == Changes((), ())
    assert x.diff([], []) == Changes((), ())


def test_searches_fit_and_come_once() -> None:
    node = parse(f"({BRANDS}) AND ({TROUBLE}) AND ({TROUBLE.replace(' OR', '1 OR')})")
    searches = x.searches({"a": node, "b": node, "none": parse("bmw*")})
    assert len(searches) == len(set(searches)) <= x.MOST_SEARCHES
    assert all(len(search) <= 512 for search in searches)
