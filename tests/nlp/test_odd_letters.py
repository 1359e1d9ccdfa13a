"""Letters that look or run otherwise than others: what they say is read all the same, or is not guessed at."""

import random
from datetime import UTC, datetime

import pytest

from leitstand.model import Assessment, Mention, Sentiment, Urgency
from nlp import language
from nlp.folding import fold, unstyled
from nlp.pipeline import Assessor, load

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SAID = [
    "My account was hacked and they are ordering things right now",
    "Mein Konto wurde gehackt, jemand bestellt damit",
]
# All but those that make an umlaut or an accent of a letter by themselves are scribbles to begin with.
MARKS = [chr(point) for point in range(0x300, 0x370)]


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load()


def one(assessor: Assessor, text: str) -> Assessment:
    return assessor.assess([Mention("x", "1", text, NOW, NOW)])[0]


def bold(text: str) -> str:
    return "".join(chr(ord(letter) - 97 + 0x1D41A) if "a" <= letter <= "z" else letter for letter in text)


def scribbled(text: str) -> str:
    dice = random.Random(3)
    return "".join(letter + "".join(dice.choices(MARKS, k=dice.randrange(9))) for letter in text)


def turned(text: str) -> str:
    return " ".join(f"\u2068{word}\u2069" for word in text.split())


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize(
    "written",
    [
        bold,
        scribbled,
        turned,
        lambda text: f"\u202e{text}\u202c",
        lambda text: text.replace(" ", "\u2009"),
        lambda text: text.replace(" ", "\u202f"),
        lambda text: "\u200b".join(text),
    ],
)
def test_odd_letters_say_what_plain_ones_say(assessor: Assessor, text: str, written: object) -> None:
    assert callable(written)
    found, plain = one(assessor, written(text)), one(assessor, text)
    assert (found.language, found.sentiment) == (plain.language, plain.sentiment)
    assert found.urgency is plain.urgency is Urgency.CRITICAL
    for reason in found.reasons:
        assert reason.cue.isprintable()


def test_our_own_signs_in_a_text_are_blanks() -> None:
    assert fold("\0der\x02zug @acme").text == " der zug \0\0\0\0\0"


def test_accents_are_no_scribbles() -> None:
    assert fold("scho\u0308n und tre\u0300s cafe\u0301").text == "schön und très café"
    assert unstyled("scho\u0308n") == "schön"


@pytest.mark.parametrize(
    "text",
    [
        "שלום עולם",
        "Καλημέρα σας",
        "这个服务太差了",
        "ありがとうございます",
        "감사합니다",
        "ขอบคุณมาก",
        "धन्यवाद",
        "Շատ վատ",
        "سرویس افتضاح است و پاسخگو نیستید",
    ],
)
def test_what_is_in_letters_of_others_is_not_guessed_at(assessor: Assessor, text: str) -> None:
    found = one(assessor, text)
    assert (found.language, found.sentiment, found.urgency) == ("unknown", Sentiment.UNKNOWN, Urgency.NONE)
    assert found.reasons == ()
    assert one(assessor, f"{text} 😡😡").sentiment is Sentiment.NEGATIVE


@pytest.mark.parametrize(
    ("text", "code"),
    [("Обслуживание ужасное, ничего не работает", "ru"), ("خدمة سيئة جدا", "ar"), ("Der Laden Привет ist schön", "de")],
)
def test_letters_tell_languages_apart(text: str, code: str) -> None:
    assert language.detect(text)[0] == code
