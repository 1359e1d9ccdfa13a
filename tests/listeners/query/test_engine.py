"""The one pass gives exactly the naive evaluator's answer."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.errors import QueryError
from leitstand.model import Author, Mention
from listeners.query.engine import Engine
from listeners.query.parser import parse

Post = Callable[..., Mention]

# Words that are near one another under folding, so that the coarse pass is put to the test.
SPELLINGS = [
    "muller", "Müller", "mueller", "Mu\u0308ller", "aee", "äe", "e", "ee", "straße", "STRASSE", "Østre", "ostre",
    "ae", "Ægir", "東京", "東", "か\u3099", "ｶﾞ", "ไทย", "한국", "ＡＣＭＥ", "acme", "Acme™", "ac\u200bme", "ﬁn", "fin",
    "½", "don´t", "e-mail", "#acme", "#東京", "@acme", "@acme.bsky.social", "@acme@social.example", "$acme",
    "👍", "👍🏽", "👩🏽‍💻", "👩‍💻", "🇩🇪", "1️⃣", "https://acme.example/muller", "acme@mail.example", "acme_x",
    "hilft", "#acme東京",
    "ᾳ", "α\u0345", "ΟΔΟΣ", "ıI", "_", "mueller2", "й", "и\u0306",
]  # fmt: skip
ASKED = [
    *(word for word in SPELLINGS if "://" not in word and word not in ("½", "_")),
    "mu*", "mü*", "aee*", "str?ße", "ac*", "#ac*", "@ac*", "{acme}", "{Müller}", "{ACME}", "{👍}", "mul*er",
    '"acme muller"', '"e mail"', "author:acme", "author:ac*", "author:müller",
    '"acme hilft"', '"@acme hilft"', '"acm* hilft"', '"hilft acm*"', '"#acme 東京 fin"', '"acme 👍"',
    '"hilft @acme hilft"',
    "site:acme.example", "url:acme", "url:e/m", "(acme NEAR/1 mueller)",
]  # fmt: skip
FILTERS = ["lang:de", "channel:x", "followers:>10", "is:question", "is:reply", "has:link", "has:media"]

leaves = st.sampled_from(ASKED)
queries = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} NOT {pair[1]})"),
        st.tuples(inner, st.sampled_from(FILTERS)).map(lambda pair: f"({pair[0]} AND {pair[1]})"),
        inner.map(lambda part: f"(NOT (NOT {part}))"),
    ),
    max_leaves=8,
)
texts = st.lists(st.one_of(st.sampled_from(SPELLINGS), st.text(max_size=3)), max_size=6).flatmap(
    lambda words: st.sampled_from([" ", "", "-", "\x01"]).map(lambda separator: separator.join(words))
)
handles = st.sampled_from(["", "acme", "@Acme", "acme@social.example", "acme.bsky.social", "acmehelp", "Müller"])
urls = st.sampled_from(
    ["", "https://acme.example/muller", "http://www.blog.acme.example:80/", "https://other.example/äe/m"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(queries, min_size=1, max_size=6), texts, texts, handles, urls)
def test_the_one_pass_gives_the_naive_answer(
    post: Post, asked: list[str], text: str, title: str, handle: str, url: str
) -> None:
    engine = Engine({f"{number}": parse(query) for number, query in enumerate(asked) if is_taken(query)})
    mention = post(text, title=title, author=Author(handle=handle, followers=11), url=url, language="de-AT")
    assert engine.match(mention) == engine.match_naively(mention)


def is_taken(query: str) -> bool:
    """Whether a query is selective."""
    try:
        parse(query)
    except QueryError:
        return False
    return True


@given(st.sampled_from(ASKED), st.sampled_from(SPELLINGS), st.text(max_size=2), st.text(max_size=2))
@settings(max_examples=300, deadline=None)
def test_no_neighbour_hides_a_word(post: Post, asked: str, word: str, before: str, after: str) -> None:
    engine = Engine({"asked": parse(asked)})
    mention = post(before + word + after)
    assert engine.match(mention) == engine.match_naively(mention)


def test_a_handle_ends_where_its_word_ends(post: Post) -> None:
    engine = Engine(
        {"server": parse("@acme@social.example"), "mail": parse("info@acme.example"), "local": parse("@acme")}
    )
    assert engine.match(post("@acme@social.example_ info@acme.exampleé")) == ["local"]
    assert engine.match(post("@acme@social.exampleさん, info@acme.example.")) == ["server", "mail", "local"]


def test_names_come_in_the_order_given(post: Post) -> None:
    engine = Engine({"z": parse("acme"), "a": parse("acme OR down"), "m": parse("other"), "b": parse("down")})
    assert engine.match(post("acme down")) == ["z", "a", "b"]


def test_no_queries_match_nothing(post: Post) -> None:
    assert Engine({}).match(post("acme")) == []


def test_more_clauses_than_are_kept(post: Post) -> None:
    engine = Engine({"all": parse("aa AND bb AND cc AND dd AND ee")})
    assert engine.match(post("aa bb cc dd ee")) == ["all"]
    assert engine.match(post("bb cc dd ee")) == []


def test_a_language_is_detected_only_where_none_is_declared(post: Post) -> None:
    engine = Engine({"de": parse("acme AND lang:de")}, detect=lambda text: "de" if "ist" in text else "unknown")
    assert engine.match(post("acme ist weg")) == ["de"]
    assert engine.match(post("acme ist weg", language="en")) == []
    assert engine.match(post("acme")) == []
