"""QUERY's "Text" and "Terms", sentence by sentence."""

from collections.abc import Callable

import pytest

from leitstand.errors import QueryError
from listeners.query.parser import parse
from listeners.query.terms import MAX_WILDCARDS

Ask = Callable[..., bool]

FOUND = [
    # the title and the text
    ("acme", "Acme is down"),
    ("acme AND down", "down since noon: Acme"),
    # zero-width characters, soft hyphens, variation selectors, trade marks, NFKC
    ("acme", "ac\u200bme"),
    ("störung", "Stö\u00adrung"),
    ("❤", "I ❤\ufe0f it"),
    ("❤\ufe0f", "I ❤ it"),
    ('"acme cloud"', "Acme™Cloud"),
    ("acme", "ＡＣＭＥ"),
    ("office", "of\ufb01ce".replace("of\ufb01ce", "o\ufb03ce")),
    ("kg", "10 ㎏"),
    # words and what separates them
    ("e-mail", "E mail"),
    ("e-mail", "e\u2011mail"),
    ("node.js", "node/js"),
    ("don't", "don’t"),
    ("don't", "don´t"),
    ("q&a", "Q & A"),
    ("snake_case", "a snake_case name"),
    ("v2", "v2!"),
    ("हिन्दी", "मैं हिन्दी बोलता"),
    # scripts without blanks
    ("東京", "私は東京に行く"),
    ("東京", "#東京タワー"),
    ("が", "か\u3099"),
    ("ไทย", "ประเทศไทยดี"),
    ("acme", "私のacmeが"),
    ("acme東京", "新しいAcme東京です"),
    ("東京*", "東京駅"),
    # tags, mentions, cash, emoji count as one word each
    ("acme", "#acme"),
    ("acme", "hi @acme!"),
    ("acme", "hi @acme@social.example!"),
    ("acme", "hi @acme.bsky.social"),
    ("acme*", "#acmecloud"),
    ('"acme down"', "#acme down"),
    ("hot", "so🔥hot"),
    # case
    ("STRASSE", "straße"),
    ("straße", "STRASSE"),
    ("οδος", "ΟΔΟΣ"),
    # accents: a plain term
    ("cafe", "Café"),
    ("cafe", "Cafe\u0301"),
    ("uber", "über"),
    ("mueller", "Müller"),
    ("ueber", "Über"),
    ("muller", "Müller"),
    ("uberfuehrung", "Überführung"),
    ("ostre", "Østre"),
    ("lodz", "Łódź"),
    ("aegir", "Ægir"),
    ("oeuvre", "œuvre"),
    ("diyarbakir", "Diyarbakır"),
    ("αθηνα", "Αθήνα"),
    # accents: an accented term
    ("müller", "Müller"),
    ("ło*", "łodź"),
    ("ca*é*x", "ca-caféx"),
    ("най*", "найти"),
    ("müller", "mueller"),
    ("mädelsträume", "Maedelsträume"),
    ("café", "CAFÉ"),
    ("østre", "ØSTRE"),
    ('"müller cafe"', "Mueller Café"),
    ("й", "Й"),
    # exact
    ("{BT}", "BT is down"),
    ("{BT}", "#BT"),
    ("{Café}", "Cafe\u0301"),
    ("{Acme Cloud}", "the Acme\n Cloud"),
    ("{AT&T}", "AT&T"),
    ("{C++}", "I like C++, really"),
    ("{.NET}", "the .NET runtime"),
    # wildcards
    ("stör*", "Störungen"),
    ("stör*", "Stoerung"),
    ("stör*", "stör"),
    ("stor*", "Störung"),
    ("customi?e", "customise"),
    ("kund*nummer", "Kundennummer"),
    ("ma*a*a", "mannabanana"),
    ('"geht nich*"', "geht nichts"),
    ("#acme*", "#AcmeCloud"),
    ("@acme*", "@acme_help"),
    # tags, mentions, emoji
    ("#acme", "#Acme"),
    ("#two", "#one#two"),
    ("@acme", "thanks @ACME."),
    ("@acme", "@acme@social.example"),
    ("@acme", "@acme.bsky.social"),
    ("@acme@social.example", "@acme@social.example"),
    ("$acme", "buy $ACME now"),
    ("👍", "👍"),
    ("👍", "👍🏽"),
    ("👍🏽", "👍🏽👍🏽"),
    ("👩‍💻", "👩🏽‍💻"),
    ("🇩🇪", "🇩🇪!"),
    ("1️⃣", "1️⃣ first"),
    ("info@acme.example", "write to Info@acme.example."),
    # quotes and escapes
    ('"acme cloud"', "ACME  cloud"),
    (r'"what\?"', "what?"),
    (r'"a \"b\" c"', 'a "b" c'),
    (r'"5\*"', "5 stars"),
    ("this AND or AND that", "this or that"),
    ("12:30", "at 12:30"),
    ("Achtung:", "Achtung! Bahn"),
    ("12:30 AND acme", "acme, 12 30"),
    ("Re: AND acme", "re acme"),
    # the same once more, where it is easily got wrong
    ("acme", "AC\u2060ME"),
    ('"acme x"', "acme®x"),
    ("gross", "GROß"),
    ("maße", "masse"),
    ("istanbul", "İSTANBUL"),
    ("aero", "ærø"),
    ('"café muller"', "CAFÉ Müller"),
    ("서울*", "서울은"),
    ("ab*-cd", "abx/cd"),
    ("a1*", "a1x"),
    ("stör*", "STOERUNGEN"),
    ("@acme", ".@ACME: hi"),
    ("👨‍👩‍👧", "👨‍👩‍👧"),
    ("{acme-cloud}", "acme-cloud"),
    ("{BT}", "BT-Group"),
    (r'"a\\b"', "a b"),
]

NOT_FOUND = [
    ("acme", "acmecloud"),
    ("acme", "#acmecloud"),
    ("acme", "#acme_down"),
    ("acme", "https://acme.example/acme"),
    ("acme", "see www.acme.example"),
    ("acme", "HTTPS://ACME.EXAMPLE/"),
    ("acme", "WWW.Acme.example"),
    ("acme", "Acme.De/acme"),
    ("acmex", "acme™x"),
    ("acme", "_acme"),
    ("e-mail", "e_mail"),
    ("rocknroll", "rock'n'roll"),
    ("서울", "서울은"),
    ("ılık", "ilik"),
    ("øl", "öl"),
    ("{acme cloud}", "acme-cloud"),
    ("{Müller}", "Mueller"),
    ("ab?", "ab"),
    ("#acme", "# acme"),
    ("@acme", "x@acme"),
    ("@acme", "@acme.com"),
    ("@acme.bsky.social", "@acme"),
    ("👨", "👨‍👩‍👧"),
    ("acme", "acme.example/acme"),
    ("acme", "mail info@acme.example"),
    ("{acme}", "https://acme.example/"),
    ("e-mail", "email"),
    ("東京", "東と京"),
    ("東京", "東 京"),
    ("東京", "東"),
    ("müller", "Muller"),
    ("café", "Cafe"),
    ("café", "cafè"),
    ("østre", "ostre"),
    ("muller", "mueller"),
    ("uber", "ueber"),
    ('"müller cafe"', "Muller Café"),
    ("и", "й"),
    ("{BT}", "bt"),
    ("{BT}", "BTX"),
    ("{BT}", "#BT_x"),
    ("{Cafe}", "Café"),
    ("{AT&T}", "AT T"),
    ("{Straße}", "Strasse"),
    ("stör*", "Storung"),
    ("stör*", "gestört"),
    ("ło*", "łódź"),
    ("ñu*", "ñú"),
    ("наи*", "найти"),
    ("ca*é*x", "caféẋ"),
    ("customi?e", "customie"),
    ("customi?e", "customisse"),
    ("acme*", "ac"),
    ("#acme", "acme"),
    ("#acme", "#acmecloud"),
    ("#acme", "@acme"),
    ("@acme", "acme"),
    ("@acme", "@acmehelp"),
    ("@acme@social.example", "@acme"),
    ("acme", "$acme"),
    ("$acme", "acme"),
    ("👍🏽", "👍"),
    ("👍🏽", "👍🏿"),
    ("👩", "👩‍💻"),
    ("🇩🇪", "🇩🇰🇪🇬"),
    ('"acme cloud"', "acme the cloud"),
    ('"acme cloud"', "cloud acme"),
]


@pytest.mark.parametrize(("query", "text"), FOUND)
def test_finds(ask: Ask, query: str, text: str) -> None:
    assert ask(query, text)


@pytest.mark.parametrize(("query", "text"), NOT_FOUND)
def test_does_not_find(ask: Ask, query: str, text: str) -> None:
    assert not ask(query, text)


def test_a_phrase_does_not_run_from_the_title_into_the_text(ask: Ask) -> None:
    assert ask('"acme cloud"', "nothing", title="The Acme Cloud")
    assert ask("acme AND cloud", "cloud", title="Acme")
    assert not ask('"acme cloud"', "cloud", title="Acme")
    assert not ask("acme NEAR/5 cloud", "cloud", title="Acme")


def test_the_name_of_the_author_is_not_searched(ask: Ask, post: Callable[..., object]) -> None:
    from_acme = post("hello").author.__class__(handle="acme", name="Acme")  # type: ignore[attr-defined]
    assert not ask("acme", "hello", author=from_acme)


@pytest.mark.parametrize("query", ["*foo", "?foo", "f*", "e-m*", '"acme *"', "#a*", "@a?", "東*京", "東?"])
def test_refuses_a_wildcard_too_early(query: str) -> None:
    with pytest.raises(QueryError):
        parse(query)


def test_wildcards_point_at_the_word() -> None:
    with pytest.raises(QueryError) as caught:
        parse('acme OR "my e-m* is"')
    assert (caught.value.start, caught.value.end) == (14, 16)


def test_many_wildcards_are_refused_and_the_allowed_ones_stay_quick(ask: Ask) -> None:
    with pytest.raises(QueryError):
        parse("aa" + "*a" * (MAX_WILDCARDS + 1))
    assert not ask("aa" + "*a" * (MAX_WILDCARDS - 1) + "*b", "a" * 100_000)


@pytest.mark.parametrize(
    "query", ["https://example.com/a", "www.example.com", '"see https://example.com"', "{www.example.com}"]
)
def test_refuses_an_address(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert "url:example.com" in caught.value.suggestion
