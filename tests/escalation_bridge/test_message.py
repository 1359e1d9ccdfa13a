"""What people read, and the webhook's JSON."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from escalation_bridge.contract import ReaderSettings
from escalation_bridge.message import _TYPES, _WORDS, Message, plain, render, span_text, webhook_body
from leitstand.language.catalogue import LANGUAGES, Language
from leitstand.model import (
    Author,
    ClockName,
    ClockSnapshot,
    ClockState,
    Delivery,
    Intent,
    Letter,
    NoticeType,
    Sentiment,
    Urgency,
)
from tests.escalation_bridge.words import CASE, NOW, delivery, explained

SETTINGS = ReaderSettings(kind="log", timezone="Europe/Berlin")


def words(one: Delivery, language: Language = "en", settings: ReaderSettings = SETTINGS) -> Message:
    return render(one, settings, language, NOW)


def test_the_first_line_says_how_bad_what_where_and_by_when() -> None:
    assert words(delivery()).headline == (
        "SEV1 new case 27343: Login is down since 8, nothing works · x · first response due 09:57 CET (in 12 min)"
    )


def test_the_first_line_in_german() -> None:
    assert words(delivery(type=NoticeType.CASE_ESCALATED), "de").headline == (
        "SEV1 eskaliert: Fall 27343: Login is down since 8, nothing works · x"
        " · erste Antwort fällig 09:57 MEZ (in 12 min)"
    )


def test_what_was_understood_is_said_in_german() -> None:
    case = replace(CASE, sentiment=Sentiment.UNKNOWN, urgency=Urgency.NONE, intents=tuple(Intent))
    assert dict(words(delivery(case=case), "de").labelled)["Verstanden als"] == (
        "Stimmung unbekannt · Dringlichkeit keine · Beschwerde · Frage · Lob · Bitte · Ausfall · Sicherheit · Gefahr"
        " · Recht · Kündigung · Spam · Hinweis · Geplauder"
    )


def test_the_targets_language_comes_before_the_servers() -> None:
    assert words(delivery(), "en", SETTINGS.model_copy(update={"language": "de"})).language == "de"


def test_what_was_missed_says_since_when() -> None:
    late = {"first_response": ClockSnapshot(ClockState.BREACHED, NOW - timedelta(hours=30, minutes=5))}
    headline = words(delivery(case=replace(CASE, clocks=late), type=NoticeType.SLA_BREACHED)).headline
    assert headline.endswith("first response overdue since 2026-03-02 03:40 CET (30 h 5 min)")


def test_what_was_missed_on_another_day_says_its_date_as_germans_write_it() -> None:
    late = {"first_response": ClockSnapshot(ClockState.BREACHED, NOW - timedelta(hours=30, minutes=5))}
    said = words(delivery(case=replace(CASE, clocks=late, mention_count=1234)), "de")
    assert said.deadlines == ("erste Antwort überfällig seit 02.03.2026 03:40 MEZ (30 h 5 min)",)
    assert dict(said.labelled)["Beiträge"] == "1.234"


def test_clocks_that_ask_for_nothing_are_not_told() -> None:
    clocks = {n: ClockSnapshot(s, NOW) for n, s in (("resolution", ClockState.PAUSED), ("acknowledge", ClockState.MET))}
    assert words(delivery(case=replace(CASE, clocks=clocks))).headline.endswith("· no deadline running")


def test_the_whole_mail() -> None:
    assert plain(words(delivery())) == (
        "SEV1 new case 27343: Login is down since 8, nothing works · x · first response due 09:57 CET (in 12 min)\n"
        "\n"
        "Why: sev1 by the rule 'outage'\n"
        "State: new, acknowledged by nobody\n"
        "Author: @sample_user (12,345 followers)\n"
        "Read as: negative · urgency critical · outage\n"
        "\n"
        "Deadlines:\n"
        "- first response due 09:57 CET (in 12 min)\n"
        "- resolution due 13:45 CET (in 4 h)\n"
        "\n"
        "Reasons:\n"
        "- critical, because it says 'down'\n"
        "- rule 'outage' says sev1\n"
        "\n"
        "> Login is down since 8, nothing works.\n"
        "> Anyone else?\n"
        "\n"
        "Post: https://social.example/posts/1\n"
        "\n"
        "Case: https://desk.example/cases/27343\n"
    )


def test_the_whole_mail_with_what_the_stages_say() -> None:
    assert plain(words(explained())) == (
        "SEV1 new case 27343: Login is down since 8, nothing works · x · first response due 09:57 CET (in 12 min)\n"
        "\n"
        "Why: urgency critical: “down” (down), “nothing works” (nothing works); severity sev1: impact high"
        " (the author has 12,345 followers) × urgency critical; rule “status page”: team cloud-support,"
        " tags outage, press\n"
        "State: new, acknowledged by nobody\n"
        "Author: @sample_user (12,345 followers)\n"
        "Read as: negative · urgency critical · outage\n"
        "\n"
        "Deadlines:\n"
        "- first response due 09:57 CET (in 12 min)\n"
        "- resolution due 13:45 CET (in 4 h)\n"
        "\n"
        "Reasons:\n"
        "- urgency critical: “down” (down), “nothing works” (nothing works)\n"
        "- severity sev1: impact high (the author has 12,345 followers) × urgency critical\n"
        "- rule “status page”: team cloud-support, tags outage, press\n"
        "- SLA cloud: acknowledge in 5m, first response in 15m, resolution in 4h\n"
        "\n"
        "> Login is down since 8, nothing works.\n"
        "> Anyone else?\n"
        "\n"
        "Post: https://social.example/posts/1\n"
        "\n"
        "Case: https://desk.example/cases/27343\n"
    )


def test_the_whole_mail_in_german() -> None:
    assert plain(words(explained(), "de")) == (
        "SEV1 neuer Fall 27343: Login is down since 8, nothing works · x"
        " · erste Antwort fällig 09:57 MEZ (in 12 min)\n"
        "\n"
        "Warum: Dringlichkeit kritisch: „down“ (down), „nothing works“ (nothing works); Sev 1: Auswirkung hoch"
        " (dem Autor folgen 12.345 Personen) × Dringlichkeit kritisch; Regel „status page“: Team cloud-support,"
        " Label outage, press\n"
        "Zustand: neu, von niemandem bestätigt\n"
        "Autor: @sample_user (12.345 Follower)\n"
        "Verstanden als: negativ · Dringlichkeit kritisch · Ausfall\n"
        "\n"
        "Fristen:\n"
        "- erste Antwort fällig 09:57 MEZ (in 12 min)\n"
        "- Lösung fällig 13:45 MEZ (in 4 h)\n"
        "\n"
        "Gründe:\n"
        "- Dringlichkeit kritisch: „down“ (down), „nothing works“ (nothing works)\n"
        "- Sev 1: Auswirkung hoch (dem Autor folgen 12.345 Personen) × Dringlichkeit kritisch\n"
        "- Regel „status page“: Team cloud-support, Label outage, press\n"
        "- SLA cloud: Bestätigung binnen 5 min, erste Antwort binnen 15 min, Lösung binnen 4 h\n"
        "\n"
        "> Login is down since 8, nothing works.\n"
        "> Anyone else?\n"
        "\n"
        "Beitrag: https://social.example/posts/1\n"
        "\n"
        "Fall: https://desk.example/cases/27343\n"
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_type_has_its_own_words(language: Language) -> None:
    headlines = {words(delivery(type=kind), language).headline for kind in NoticeType}
    assert len(headlines) == len(NoticeType)


def test_a_post_pings_nobody_and_opens_nothing() -> None:
    case = replace(
        CASE,
        title="@everyone look\r\nBcc: all@example.org",
        text="<!channel> @here",
        url="javascript:alert(1)",
        author=Author("1", "<!here>", "", None),
    )
    text = plain(words(delivery(case=case)))
    assert "@everyone" not in text
    assert "<!" not in text
    assert "@here" not in text
    assert "javascript" not in text
    assert "\r" not in text
    assert words(delivery(case=case)).subject.count("\n") == 0


def test_a_case_without_a_title_is_called_by_its_text() -> None:
    assert "Login is down" in words(delivery(case=replace(CASE, title=""))).headline


def test_the_webhooks_body() -> None:
    body = json.loads(webhook_body(delivery(step="2 of 3")))
    assert body.keys() == {"type", "timestamp", "data"}
    assert body["type"] == "case.opened"
    assert body["timestamp"] == "2026-03-03T08:45:00Z"
    assert body["data"]["step"] == "2 of 3"
    case = body["data"]["case"]
    assert (case["number"], case["severity"], case["traffic_light"]) == (27343, "sev1", "green")
    assert case["clocks"]["first_response"]["due_at"] == "2026-03-03T08:57:00Z"


def test_the_webhooks_body_is_the_same_at_every_attempt() -> None:
    assert webhook_body(delivery(attempt=1)) == webhook_body(delivery(attempt=7, doubtful=True))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (3660, "1 h 1 min"), (172800, "2 days")],
)
def test_spans(seconds: int, said: str) -> None:
    assert span_text(timedelta(seconds=seconds), "days") == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_deadline_and_every_kind_of_notice_has_its_words(language: Language) -> None:
    assert set(ClockName) <= _WORDS[language].keys()
    assert set(NoticeType) == _TYPES[language].keys()


LETTER = Letter("Cloud: 5 posts", "Posts: 5\n\n“it @everyone breaks”", "<p>5</p>", "https://desk.example", (1,))


def test_a_letter_is_told_in_place_of_the_case() -> None:
    told = words(delivery(letter=LETTER, type=NoticeType.DIGEST), "de")
    assert (told.headline, told.subject, told.link, told.html) == (
        "Cloud: 5 posts", "Cloud: 5 posts", "https://desk.example", "<p>5</p>"
    )  # fmt: skip
    assert plain(told).startswith("Posts: 5\n\n“it ") and "@everyone" not in plain(told)
    assert "27343" not in plain(told)


def test_a_webhook_has_the_letter_and_no_case() -> None:
    body = json.loads(webhook_body(delivery(letter=LETTER, type=NoticeType.DIGEST)))
    assert body["type"] == "digest.weekly" and set(body["data"]) == {"letter"}
    assert body["data"]["letter"]["subject"] == "Cloud: 5 posts"
