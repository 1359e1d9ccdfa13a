"""Which words tell that something does not work right now."""

import re

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from triage.incidents.symptoms import _DOUBT, _FAULT, _OF_DOUBTS, _OF_FAULTS, tells_of_trouble

TROUBLE = """
Is the booking site down for anyone else?
checkout throws 503 on every order
your api keeps timing out
The app won't load since this morning
can't log in, is it just me?
dashboard has stalled at 12 %
Anyone else seeing slow uploads?
login loops me back to the start page
getting bad gateway on all three sites
Kommt gerade keiner rein oder ist das unser Router?
Die Kasse hängt gerade komplett
Login geht seit acht Minuten nicht mehr
Störung? Bei uns lädt nichts
Seite nicht erreichbar, Fehler 502
d'Anmeldung geht bei mir a ned
Nur bei mir so zäh heute?
Lädt und lädt und lädt …
Server sind down
Das Portal antwortet bei uns gar nicht
"""
NONE = """
Love the new dashboard, works like a charm
How do I change my delivery address?
It works again, thank you!
Everything is back online since ten
No outages in three years, well done
Will there be a refund for the outage last week?
Danke, geht wieder
Kann ich die Rechnung auch als PDF bekommen?
Wir hatten noch nie eine Störung, kein Wunder bei dem Team
Gutschrift vom Ausfall ist da
I ran 503 km this year
Das Ticket kostet 502 Euro
Your support is slow to answer
Der Film ist langsam erzählt, aber schön
"""


def lines(block: str) -> list[str]:
    return block.strip().splitlines()


@pytest.mark.parametrize("text", lines(TROUBLE))
def test_a_symptom_tells_of_trouble(text: str) -> None:
    assert tells_of_trouble(text)


@pytest.mark.parametrize("text", lines(NONE))
def test_praise_history_and_plain_questions_do_not(text: str) -> None:
    assert not tells_of_trouble(text)


def test_a_long_text_is_read_at_its_beginning_only() -> None:
    assert not tells_of_trouble("An essay. " * 80 + "The site is down.")


def alternatives(pattern: str) -> list[str]:
    """What a pattern offers to choose from, outside of all brackets."""
    depth, found = 0, [""]
    for character in pattern:
        depth += (character in "([") - (character in ")]")
        if character == "|" and not depth:
            found.append("")
        else:
            found[-1] += character
    return found


@pytest.mark.parametrize(("patterns", "signs"), [(_FAULT, _OF_FAULTS), (_DOUBT, _OF_DOUBTS)], ids=["faults", "doubts"])
def test_whatever_a_pattern_finds_has_one_of_its_signs(patterns: tuple[str, ...], signs: tuple[str, ...]) -> None:
    single = [choice for pattern in patterns for choice in alternatives(pattern)]

    @settings(max_examples=12, phases=[Phase.generate])
    @given(st.tuples(*(st.from_regex(re.compile(choice), fullmatch=True) for choice in single)))
    def every_one(said: tuple[str, ...]) -> None:
        assert [text for text in said if not any(sign in text for sign in signs)] == []

    every_one()
