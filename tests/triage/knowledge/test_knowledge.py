"""Knowledge on a real PostgreSQL: what was solved is found again, in both languages, and nothing else is."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from leitstand.errors import InputError
from leitstand.model import (
    Author,
    CaseSnapshot,
    CaseState,
    Intent,
    Sentiment,
    Severity,
    TrafficLight,
    Urgency,
)
from leitstand.settings import Reply
from triage.knowledge import articles
from triage.knowledge.articles import Article, parse
from triage.knowledge.asked import asked
from triage.knowledge.replies import VARIABLES, drafts, problem
from triage.knowledge.search import Found, like_case, search

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

_CASE = text("""
    INSERT INTO cases (state, severity, team, channel, title, text, url, language, sentiment, urgency, intents,
      watchlists, author_id, author_handle, author_name, reasons, mention_count, posted_at, opened_at, updated_at,
      resolved_at)
    VALUES (:state, 'sev3', 'care', 'x', :title, :text, '', :language, 'neutral', 1, :intents, '{}', '', '', '', '[]',
      :posts, :at, :at, :at, CASE WHEN :state = 'resolved' THEN CAST(:at AS timestamptz) END) RETURNING number
""")


def case(connection: Connection, words: str, *, state: str = "resolved", **more: object) -> int:
    values = {"title": words, "text": words, "language": "de", "intents": ["question"], "posts": 1, "at": NOW, **more}
    return int(connection.execute(_CASE, {"state": state, **values}).scalar_one())


@pytest.fixture
def known(database: Engine) -> Engine:
    """Some solved cases and two articles."""
    with database.begin() as connection:
        case(connection, "Die Rechnungen lassen sich im Portal nicht herunterladen")
        case(connection, "How do I export my invoices as a file?", language="en")
        case(connection, "Das Wetter im Rechenzentrum ist schön")
        case(connection, "Rechnung fehlt", state="open")
        shelf = [
            Article(
                "invoices.md", "Invoices", "How to download an invoice again.", ("billing",), "https://a.example/1"
            ),
            Article("zugang.md", "Zugang", "Passwort vergessen? So geht die Anmeldung wieder."),
        ]
        articles.keep(connection, shelf, NOW)
    return database


def titles(found: Found) -> list[str]:
    return [case.title for case in found.cases] + [article.title for article in found.articles]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Rechnung", ["Die Rechnungen lassen sich im Portal nicht herunterladen"]),
        ("invoice", ["How do I export my invoices as a file?", "Invoices"]),
        ("anmelden", ["Zugang"]),
        ("Rechnung Portal", ["Die Rechnungen lassen sich im Portal nicht herunterladen"]),
        ("invoices -export", ["Invoices"]),
        ("nichts davon xyzzy", []),
        ("", []),
        ("' | !! & (((", []),
    ],
)
def test_a_search_finds_by_stems_of_both_languages(known: Engine, words: str, expected: list[str]) -> None:
    with known.connect() as connection:
        assert titles(search(connection, words)) == expected


def test_an_open_case_is_shown_what_was_solved_like_it(known: Engine) -> None:
    with known.begin() as connection:
        number = case(connection, "Wo kann ich meine Rechnung herunterladen?", state="open")
        found = like_case(connection, number)
        assert titles(found)[0] == "Die Rechnungen lassen sich im Portal nicht herunterladen"
        assert number not in [solved.number for solved in found.cases]
        connection.execute(text("UPDATE cases SET state = 'resolved' WHERE number = :n"), {"n": number})
        assert [s.number for s in like_case(connection, number).cases] == [s.number for s in found.cases], "not itself"
        assert like_case(connection, 10**9) == Found()


_LESSON = text("""
    INSERT INTO escalations (title, state, cause, case_number, team, owner, opened_at, opened_by, closed_at, happened,
      why, change, by_whom)
    VALUES (:title, :state, 'person', :case, 'care', 'eve', :at, 'eve', :at, :happened, '', :change, 'bob')
""")


@pytest.fixture
def learned(known: Engine) -> int:
    """A lesson in German, one in English, an open escalation; the number of the case that they are about."""
    with known.begin() as connection:
        number = case(connection, "Zwei-Faktor-Codes kommen nicht an")
        for title, state, happened, change in (
            (
                "Codes by text message",
                "closed",
                "Die SMS kamen nicht an.",
                "Wir prüfen den Anbieter der Kurznachrichten",
            ),
            ("Invoices", "closed", "Invoices were doubled.", "We compare the totals before sending"),
            ("Invoices again", "open", "", ""),
        ):
            row = {"title": title, "state": state, "case": number, "at": NOW, "happened": happened, "change": change}
            connection.execute(_LESSON, row)
    return number


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Kurznachricht", ["Codes by text message"]),
        ("comparing total", ["Invoices"]),
        ("invoice", ["Invoices"]),
        ("Wetter", []),
    ],
)
def test_lessons_are_found_in_both_languages(known: Engine, learned: int, words: str, expected: list[str]) -> None:
    with known.connect() as connection:
        assert [lesson.title for lesson in search(connection, words).lessons] == expected


def test_an_open_case_is_shown_what_was_learned_from_one_like_it(known: Engine, learned: int) -> None:
    with known.begin() as connection:
        number = case(connection, "Doubled invoices in my mailbox", state="open", language="en")
        (lesson,) = like_case(connection, number).lessons
    assert (lesson.title, lesson.change, lesson.by_whom) == ("Invoices", "We compare the totals before sending", "bob")
    assert lesson.case_number == learned


def test_a_word_that_no_query_language_may_read_breaks_nothing(known: Engine) -> None:
    with known.begin() as connection:
        number = case(connection, "it's | 'quoted' & \\ <-> :* Rechnung !", state="open")
        assert like_case(connection, number).cases


def test_the_folder_is_what_the_table_says(database: Engine, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.md").write_text("# Eins\n\nText")
    (tmp_path / "deep" / "b.md").write_text("---\ntitle: Zwei\ntags: x, y\nurl: https://b.example\n---\nText")
    (tmp_path / "bad.md").write_text("no title")
    shelf = articles.read(tmp_path)
    assert [(a.path, a.title, a.tags, a.url) for a in shelf.articles] == [
        ("a.md", "Eins", (), ""),
        ("deep/b.md", "Zwei", ("x", "y"), "https://b.example"),
    ]
    assert shelf.problems[0].startswith("bad.md: ")
    with database.begin() as connection:
        assert articles.keep(connection, shelf.articles, NOW) == (2, 0)
        assert articles.keep(connection, shelf.articles, NOW) == (0, 0)
        assert articles.keep(connection, shelf.articles[:1], NOW) == (0, 1)


def test_a_head_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="no `key: value`"):
        parse("x.md", "---\njust words\n---\n# T")


def test_the_most_asked_come_first(database: Engine) -> None:
    with database.begin() as connection:
        case(connection, "Wie kündige ich?", posts=2)
        case(connection, "Wann wird geliefert?", posts=9)
        case(connection, "Früher gefragt", posts=50, at=NOW - timedelta(days=30))
        case(connection, "Keine Frage", posts=70, intents=["praise"])
        found = asked(connection, NOW - timedelta(days=7))
    assert [(q.title, q.posts) for q in found.questions] == [("Wann wird geliefert?", 9), ("Wie kündige ich?", 2)]
    assert ("geliefert", 1) in found.words


REPLIES = [
    Reply(name="any", text="Hello {author}, this is {brand}."),
    Reply(name="outage", text="Case {number}: {link}", intents=[Intent.OUTAGE]),
    Reply(name="deutsch", text="Hallo", language="de"),
]


def test_the_fitting_templates_come_with_the_facts_filled_in() -> None:
    about = (Intent.OUTAGE, Intent.COMPLAINT)
    case = CaseSnapshot(
        7, CaseState.NEW, Severity.SEV2, TrafficLight.GREEN, "x", "care", "t", "t", "", "https://desk.example/cases/7",
        NOW, NOW, 1, Author(handle="{link}"), (), "en", Sentiment.NEGATIVE, Urgency.HIGH, about, (), {}, 1,
    )  # fmt: skip
    found = drafts(case, REPLIES, "Acme")
    assert [draft.name for draft in found] == ["outage", "any"]
    assert found[0].text == f"Case {case.number}: {case.link}"
    assert found[1].text == "Hello {link}, this is Acme."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{nobody}", "known: {author}"),
        ("{", "write {{ and }}"),
        ("{}", "known"),
        ("{author:d}", "unknown variable {author:d}"),
        ("{author!r:>9}", "unknown variable {author!r:>9}"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(written: str, said: str) -> None:
    assert said in problem(written)


_PARTS = ["{author}", "{team}", "{{", "}}", "{", "}", "{}", "{nobody}", "{author!r}", "Hello ", "ü"]


@given(st.lists(st.sampled_from(_PARTS) | st.text(max_size=5), max_size=8).map("".join))
def test_any_template_is_either_refused_or_filled(written: str) -> None:
    """What is not refused says itself, with its names filled in and doubled braces single."""
    if problem(written):
        assert "{" in written or "}" in written
        return
    names = "|".join(VARIABLES)
    said = re.sub(rf"\{{\{{|\}}\}}|\{{({names})\}}", lambda m: f"<{m[1]}>" if m[1] else m[0][0], written)
    assert written.format_map({name: f"<{name}>" for name in VARIABLES}) == said
