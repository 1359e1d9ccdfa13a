"""The stages' sentences in German, as the pages show them."""

import pytest

from leitstand.language.catalogue import translations
from leitstand.language.index import needed, opens
from leitstand.language.sentences import ALL, translate

GERMAN = translations("de").gettext


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "15m from 11:50 Berlin, office until 12:00, goes on 13:00, due 13:05; seen 4m later",
            "15 min ab 11:50 Berlin, office bis 12:00, weiter ab 13:00, fällig 13:05; 4 min später gesehen",
        ),
        (
            "1d3h from 2026-03-02 08:00 New York and 20m of pauses, office until 12:00, goes on 13:00,"
            " office until 18:00, goes on 2026-03-03 08:00, and 3 more, due 2026-03-04 18:00",
            "1 d 3 h ab 2026-03-02 08:00 New York und 20 min Pausen, office bis 12:00, weiter ab 13:00,"
            " office bis 18:00, weiter ab 2026-03-03 08:00, und 3 weitere, fällig 2026-03-04 18:00",
        ),
        ("15m from 12:30 UTC, office opens 13:00, due 13:15", "15 min ab 12:30 UTC, office öffnet 13:00, fällig 13:15"),
        (
            "first response still overdue, by 30m (due 2026-03-03 09:15 UTC, 15m by SLA x)",
            "Erste Antwort immer noch überfällig, seit 30 min (fällig 2026-03-03 09:15 UTC, 15 min nach SLA x)",
        ),
        (
            "waits for a person before anybody is told: the assessment is 40% sure",
            "wartet auf Freigabe, ehe jemand benachrichtigt wird: die Einschätzung ist zu 40 % sicher",
        ),
        (
            "the post was deleted: nobody waits for an answer any more",
            "der Beitrag wurde gelöscht: niemand wartet mehr auf eine Antwort",
        ),
        (
            "social.example cannot be reached: [Errno 111] Connection refused",
            "social.example ist nicht erreichbar: [Errno 111] Connection refused",
        ),
        ("Reddit asks us to slow down (HTTP 429)", "Reddit bittet um weniger Anfragen"),
        (
            "X sent no whole line for 31.5 seconds: connecting anew",
            "X schickte 31,5 Sekunden lang keine ganze Zeile: neue Verbindung",
        ),
        (
            "it is not there, or not shown to us (code 803, HTTP 404)",
            "es ist nicht da oder wird uns nicht gezeigt (Code 803, HTTP 404)",
        ),
        (
            "case 12 was merged into case 5: it is about that one from now on",
            "Fall 12 wurde mit Fall 5 zusammengeführt: ab jetzt geht es um diesen",
        ),
        ("its watchlist is not watched any more", "seine Watchlist wird nicht mehr beobachtet"),
        ("closed by hand", "von Hand beendet"),
        ("the author has 481,200 followers (+0.30)", "dem Autor folgen 481.200 Personen: +0,30"),
        ("the risk is 0.71, not 0.5", "das Risiko ist 0,71, nicht 0,5"),
        ("a word that no list knows: x", "a word that no list knows: x"),
        ("policy sev1, until acknowledged, 3 times again", "Richtlinie sev1, bis bestätigt, 3-mal wiederholt"),
        ("only: hours 08:00-18:00; severity sev1", "nur: von 08:00-18:00; Schweregrad Sev 1"),
        ("handed back by Bea at desk: ticket 5", "zurückgegeben von Bea bei desk: ticket 5"),
        (
            "one more repost joined: the same story",
            "noch ein Beitrag kam dazu (Weiterverbreitung): dieselbe Geschichte",
        ),
        ("merged into case 7 by leitstand: they tell one story", "mit Fall 7 zusammengeführt: es ist eine Geschichte"),
        ("split off case 7 by eve: two things", "von Fall 7 abgetrennt durch eve: two things"),
        ("on hold: until June; the clocks stand still", "zurückgestellt: until June; die Uhren stehen still"),
        (
            "belongs to incident 3: its page is held back while the incident is open",
            "gehört zu Vorfall 3: sein Alarm wird zurückgehalten, solange der Vorfall offen ist",
        ),
        (
            "escalation sev1, step 2/3, round 1 of 4 skipped: somebody has acknowledged the case",
            "Eskalation Sev 1, Schritt 2/3: übersprungen: jemand hat den Fall bestätigt",
        ),
        (
            "escalation 4 is opened: a decision of Ana Costa (desk)",
            "Eskalation 4 ist eröffnet: eine Entscheidung von Ana Costa (desk)",
        ),
        (
            "opened because of a missed deadline, about case 7 (sev2); owned by nobody yet",
            "eröffnet wegen: eine verpasste Frist, zu Fall 7 (Sev 2); noch ist niemand verantwortlich",
        ),
        (
            "measure 2 is for Bo, due 2026-03-04 10:00 UTC: renew the key",
            "Maßnahme 2 ist für Bo, fällig 2026-03-04 10:00 UTC: renew the key",
        ),
        (
            "escalation sev1, step 1/2, round 1 of 4: sev1-group has it",
            "Eskalation Sev 1, Schritt 1/2: sev1-group hat es",
        ),
        ("first response: 80% of the time is used (+0.27)", "erste Antwort: 80 % der Zeit sind verbraucht: +0,27"),
        (
            "what was understood of a post was corrected by eve:"
            " sentiment neutral, urgency high, outage, wants an answer",
            "die Einschätzung eines Beitrags wurde berichtigt durch eve:"
            " Stimmung neutral, Dringlichkeit hoch, Ausfall, will eine Antwort",
        ),
    ],
)
def test_german(english: str, german: str) -> None:
    assert translate(english, GERMAN).casefold() == german.casefold()


def test_no_message_is_left_in_english() -> None:
    same = {"SLA %(words)s: %(granted)s", "%(clock)s %(how)s", "%(ours)s: %(why)s%(clocks)s"}
    assert {message for _, message in ALL if GERMAN(message) == message} <= same


def test_what_people_write_is_not_taken_for_a_sentence() -> None:
    assert translate("closed by Bea: the case is sev1", GERMAN) == "geschlossen von Bea: the case is sev1"
    assert translate("forwarded to legal by Bea", GERMAN) == "weitergeleitet an legal von Bea"
    assert translate("escalation outage started: the case is sev1", GERMAN) == (
        "Eskalation outage begonnen: der Fall ist Sev 1"
    )
    assert translate("escalation 4 (nobody owns it): measures overdue: 3", GERMAN) == (
        "Eskalation 4 (nobody owns it): measures overdue: 3"
    )


def test_quoted_words_have_german_quotation_marks() -> None:
    assert translate("urgency high: “it's “down”” (down), asap, “now” (at once)", GERMAN) == (
        "Dringlichkeit hoch: „it's “down”“ (down), asap, „now“ (at once)"
    )


@pytest.mark.parametrize(
    ("regex", "letter", "words"),
    [
        (r"the (?P<kind>\w+) is \(too late\)", "t", "too late"),
        (r"(?:value: )?must be a number", "", "must be a number"),
        (r"(?P<words>\S+) closed the (?:connection|stream)", "", " closed the "),
        (r"s?even is odd", "", "even is odd"),
        (r"odd [,.]*, never", "o", ", never"),
        (r"one|two", "", ""),
    ],
)
def test_what_a_pattern_needs(regex: str, letter: str, words: str) -> None:
    assert (opens(regex), needed(regex)) == (letter, words)
