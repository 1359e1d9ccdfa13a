"""What a post is about."""

from datetime import UTC, datetime

import pytest

from leitstand.model import Intent, Mention
from nlp.pipeline import Assessor, load

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load()


def intents(assessor: Assessor, text: str) -> tuple[Intent, ...]:
    return assessor.assess([Mention("x", "1", text, NOW, NOW)])[0].intents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@acme wann kommt mein Paket?", {Intent.QUESTION}),
        ("@acme how long does a transfer take?", {Intent.QUESTION}),
        ("@acme bitte schickt mir die Rechnung noch einmal", {Intent.REQUEST}),
        ("@acme please send me the invoice again", {Intent.REQUEST}),
        ("@acme danke für den tollen Service!", {Intent.PRAISE}),
        ("@acme thank you, your support is amazing", {Intent.PRAISE}),
        ("@acme euer Kundenservice ist eine Frechheit", {Intent.COMPLAINT}),
        ("@acme your customer service is a joke", {Intent.COMPLAINT}),
        ("@acme kein Internet seit heute früh, wann geht es wieder?", {Intent.OUTAGE, Intent.QUESTION}),
        ("@acme your servers are down again, this is ridiculous", {Intent.OUTAGE, Intent.COMPLAINT}),
        ("@acme es brennt, euer Router brennt!", {Intent.SAFETY}),
        ("@acme ich habe eine Sicherheitslücke in eurer App gefunden", {Intent.SECURITY}),
        ("@acme mein Anwalt meldet sich", {Intent.LEGAL}),
        ("@acme ich kündige meinen Vertrag", {Intent.CHURN}),
        ("Use code SAVE20 and buy now, limited time offer https://shop.example", {Intent.SPAM}),
        ("Breaking: Acme announces merger, officials say https://news.example", {Intent.INFO}),
        ("Aufgrund einer Störung kommt es auf der Linie 7 zu Verspätungen.", {Intent.INFO, Intent.OUTAGE}),
        ("Moin zusammen", {Intent.CHATTER}),
    ],
)
def test_the_twelve_intents(assessor: Assessor, text: str, expected: set[Intent]) -> None:
    assert expected <= set(intents(assessor, text))


def test_chatter_stands_alone_and_intents_are_in_order(assessor: Assessor) -> None:
    assert intents(assessor, "lol same") == (Intent.CHATTER,)
    found = intents(assessor, "@acme wann geht das Internet wieder? Ich kündige, das ist eine Frechheit")
    assert list(found) == [intent for intent in Intent if intent in found]
    assert Intent.CHATTER not in found
