"""`unknown` where the model cannot know: random letters, words that nothing has taught it, and what it is unsure of."""

from datetime import UTC, datetime

import pytest

from leitstand.model import Assessment, Intent, Mention, Sentiment, Urgency
from leitstand.settings import Nlp, Settings
from nlp.answers import unsupported
from nlp.known import says_nothing_known
from nlp.pipeline import Assessor, load
from nlp.places import Place
from nlp.training.words import gathered
from nlp.verdict import Verdict

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
GUESS = Verdict(Sentiment.POSITIVE, 0.4, Urgency.NONE, (Intent.PRAISE,), 0.5, (Place(0, 5, 1.0),))


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load()


def one(assessor: Assessor, text: str) -> Assessment:
    return assessor.assess([Mention("x", "1", text, NOW, NOW)])[0]


@pytest.mark.parametrize(
    "text",
    [
        "asdf qwer yxcv",
        "xkqd blxrf zqnk",
        "wrtpl bnmq",
        "Ktrw plmq zzr!",
        "@acme ghjkl fghj",
        "Wrmpf grmbl krxl",
        "42 17",
    ],
)
def test_what_is_no_word_of_any_kind_has_no_feeling_and_no_intent(assessor: Assessor, text: str) -> None:
    found = one(assessor, text)
    assert (found.sentiment, found.sentiment_score) == (Sentiment.UNKNOWN, 0.0)
    assert found.intents == (Intent.CHATTER,)
    assert not [reason for reason in found.reasons if reason.about == "sentiment"]


@pytest.mark.parametrize("text", ["Fritzlar", "Fritzlar 7", "Xqbrn"])
def test_a_bare_name_has_no_feeling(assessor: Assessor, text: str) -> None:
    assert one(assessor, text).sentiment in (Sentiment.NEUTRAL, Sentiment.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("xkqd blxrf", False),
        ("xkqd wetter", True),
        ("wetterfrosch xkqd", True),
        ("xkqdwetter", True),
        ("xwetterx xkqd", False),
        ("e i", True),
        ("xkqd", True),
        ("", True),
    ],
)
def test_a_word_is_known_by_its_beginning_or_end_too(text: str, known: bool) -> None:
    assert says_nothing_known(text, neutral=True) is not known


def test_of_one_unknown_word_no_feeling_is_told_but_that_it_is_neutral() -> None:
    assert says_nothing_known("xkqd", neutral=False)
    assert unsupported(GUESS, "xkqd", guesses=True).sentiment is Sentiment.UNKNOWN
    neutral = GUESS._replace(sentiment=Sentiment.NEUTRAL)
    assert unsupported(neutral, "xkqd", guesses=True) == neutral


def test_what_a_sites_own_posts_have_taught_stands() -> None:
    assert unsupported(GUESS, "xkqd blxrf", guesses=False) == GUESS


def test_how_urgent_unknown_words_are_is_told_all_the_same() -> None:
    urgent = GUESS._replace(urgency=Urgency.HIGH, intents=(Intent.OUTAGE,))
    found = unsupported(urgent, "xkqd blxrf", guesses=True)
    assert (found.sentiment, found.urgency, found.intents) == (Sentiment.UNKNOWN, Urgency.HIGH, (Intent.OUTAGE,))


def test_under_a_sites_own_cutoff_the_feeling_is_unknown() -> None:
    texts = [
        "Der Bus kam um acht",
        "The bus was fine I guess",
        "Super, danke!",
        "Schade um den alten Fahrplan",
        "Na ja, geht so",
    ]
    mentions = [Mention("x", str(number), text, NOW, NOW) for number, text in enumerate(texts)]
    for least in (0.0, 0.6, 1.0):
        strict = load(Settings(nlp=Nlp(unknown_below=least)))
        for found, verdict in strict.explain(mentions):
            assert (found.sentiment is Sentiment.UNKNOWN) is (max(verdict.feelings) < least)
            if found.sentiment is Sentiment.UNKNOWN:
                assert found.sentiment_score == 0
                assert not [r for r in found.reasons if r.about == "sentiment" and r.learned]


def test_nearly_all_words_of_our_lists_and_posts_are_written_down() -> None:
    """`python -m nlp.training.words` writes them down again."""
    words = [word for word in sorted(gathered()) if len(word) > 3]
    missing = [word for word in words if says_nothing_known(word, neutral=False)]
    assert len(missing) < len(words) / 50
