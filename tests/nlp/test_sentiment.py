"""Feelings: negation, irony, emoji, contrast and honest silence, in German and English."""

from datetime import UTC, datetime

import pytest
from spacy.language import Language

from leitstand.model import Assessment, Mention, Sentiment
from nlp.pipeline import Assessor, build, load
from nlp.understanding import understanding

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
NEGATIVE, NEUTRAL, POSITIVE, UNKNOWN = Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE, Sentiment.UNKNOWN


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load()


@pytest.fixture(scope="module")
def lists() -> Language:
    return build("unknown", ("de", "en", "xx"))


def one(assessor: Assessor, text: str) -> Assessment:
    return assessor.assess([Mention("x", "1", text, NOW, NOW)])[0]


GERMAN = [
    ("Der Support war heute richtig gut, danke euch", POSITIVE),
    ("Das ist nicht gut, was ihr da macht", NEGATIVE),
    ("Gar nicht schlecht, die neue App", POSITIVE),
    ("Das Essen war nicht schlecht", POSITIVE),
    ("Kein Ausfall bei mir heute", NEUTRAL),
    ("Kein Problem, alles läuft super bei mir", POSITIVE),
    ("Die Auskunft hilft mir leider gar nicht", NEGATIVE),
    ("Euer Service gefällt mir überhaupt nicht", NEGATIVE),
    ("Ich war noch nie zufrieden mit dem Laden", NEGATIVE),
    ("Na toll, der Zug ist schon wieder weg", NEGATIVE),
    ("Vielen Dank auch für zwei Stunden Warteschleife", NEGATIVE),
    ("Danke für nichts, @acme", NEGATIVE),
    ("Läuft bei euch, schon wieder kein Internet", NEGATIVE),
    ("Internet funktioniert wieder, vielen Dank!", POSITIVE),
    ("Geht wieder, danke für die schnelle Hilfe", POSITIVE),
    ("Die Verkäuferin war nett, aber das Gerät ist der letzte Schrott und kaputt", NEGATIVE),
    ("Anfangs gab es Probleme, aber jetzt bin ich begeistert", POSITIVE),
    ("Hat ewig gedauert, eine absolute FRECHHEIT!!!", NEGATIVE),
    ("soooo schlechttttt", NEGATIVE),
    ("Des is ur leiwand gwesn, i bin begeistert", POSITIVE),
    ("Einfach nur noch peinlich, ihr Saftladen", NEGATIVE),
    ("Bin maßlos enttäuscht von eurem Kundendienst", NEGATIVE),
    ("Wann macht die Filiale am Samstag auf?", NEUTRAL),
    ("Die Abteilung hat die Nummer 12", NEUTRAL),
]
ENGLISH = [
    ("The new release is really great, thank you", POSITIVE),
    ("That was not bad at all", POSITIVE),
    ("Not bad, guys", POSITIVE),
    ("The app is not good", NEGATIVE),
    ("This isn't working for me again", NEGATIVE),
    ("My router is not working", NEGATIVE),
    ("I have never been happy with this company", NEGATIVE),
    ("Thanks for nothing", NEGATIVE),
    ("Great job losing my bag again", NEGATIVE),
    ("Oh great, another outage. Just what I needed", NEGATIVE),
    ("Gee thanks, third delay today", NEGATIVE),
    ("It works again, you guys are awesome", POSITIVE),
    ("The crew was friendly but the flight was a complete disaster", NEGATIVE),
    ("It started badly, but the support was absolutely fantastic", POSITIVE),
    ("No complaints, everything went smoothly", POSITIVE),
    ("worst. service. ever.", NEGATIVE),
    ("This is RIDICULOUS", NEGATIVE),
    ("Loooooove it", POSITIVE),
    ("I would love it if you could add dark mode", NEUTRAL),
    ("What are your opening hours on Sunday?", NEUTRAL),
    ("I went to the Best Western in the city", NEUTRAL),
    ("Where can I buy a Happy Meal?", NEUTRAL),
]
SIGNS = [
    ("😡😡😡", NEGATIVE),
    ("❤️❤️", POSITIVE),
    ("👍", POSITIVE),
    (":-(", NEGATIVE),
    ("@acme 🤬", NEGATIVE),
    ("🚌🕗", UNKNOWN),
]


@pytest.mark.parametrize(("text", "expected"), GERMAN + ENGLISH + SIGNS)
def test_hard_cases(assessor: Assessor, text: str, expected: Sentiment) -> None:
    assert one(assessor, text).sentiment is expected


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("Der Service ist gut", "Der Service ist sehr gut"),
        ("Das ist etwas ärgerlich", "Das ist ärgerlich"),
        ("Das ist ärgerlich", "Das ist extrem ärgerlich"),
        ("This is bad", "This is bad!!!"),
        ("This is terrible news for me", "This is TERRIBLE news for me"),
        ("That is a bit annoying", "That is annoying"),
    ],
)
def test_what_strengthens_and_weakens(lists: Language, weaker: str, stronger: str) -> None:
    weak, strong = (understanding(doc).mood.score for doc in lists.pipe([weaker, stronger]))
    assert abs(weak) < abs(strong)


def test_a_negated_cue_keeps_its_span_and_shows_its_turned_weight(assessor: Assessor) -> None:
    text = "Ich bin mit dem Tarif nicht zufrieden"
    felt = [reason for reason in one(assessor, text).reasons if reason.about == "sentiment"]
    (reason,) = [reason for reason in felt if reason.cue in ("nicht zufrieden", "zufrieden")]
    assert text[reason.start : reason.end] == "nicht zufrieden"
    assert reason.weight < 0


def test_a_negation_in_the_next_clause_does_not_reach_back(assessor: Assessor) -> None:
    assert one(assessor, "Ihr seid super, ich wusste das nicht").sentiment is POSITIVE


def test_what_is_reported_is_not_felt(assessor: Assessor) -> None:
    told = one(assessor, "Breaking: storm disaster hits the coast, officials say https://news.example/a")
    felt = one(assessor, "@acme what a disaster")
    assert felt.sentiment is NEGATIVE
    assert abs(told.sentiment_score) < abs(felt.sentiment_score)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("I was not disappointed by the upgrade", [0.4, 2.0]),
        ("not friendly or helpful", [-1.4, -1.4]),
        ("weder pünktlich noch sauber", [-0.7, -0.35]),
        ("Gar nicht mal so schlecht", [1.2]),
        ("nicht schlecht und das Personal auch nicht", [2.0]),
        ("Ich mag Sprachen auch nicht", [-1.4]),
    ],
)
def test_a_negation_turns_the_next_cue_and_what_is_joined_to_it(
    lists: Language, text: str, weights: list[float]
) -> None:
    assert [round(weight, 3) for _, weight in understanding(lists(text)).mood.parts] == weights


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("it isn't so bad here", "it         good here"),
        ("keine kalte pizza mehr", "keine kalte pizza mehr"),
        ("bitte nicht schon wieder", "bitte nicht schon wieder"),
        ("clouds shouldn't mean bad service", "clouds shouldn't mean bad service"),
    ],
)
def test_a_fault_that_is_not_there_is_read_as_praise(lists: Language, text: str, read: str) -> None:
    assert understanding(lists(text)).reading.unsilenced == read
