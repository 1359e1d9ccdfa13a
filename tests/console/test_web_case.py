"""What can be done on a case's page, and what it tells beside the post, over real HTTP."""

import re

import pytest
from sqlalchemy import text

from console.api import desk
from console.web import case
from leitstand.model import Urgency
from tests.console.running import READ, Console
from tests.console.visiting import HTMX, sign_in


def column(console: Console, number: int, name: str) -> object:
    """One column of a case."""
    with console.database.connect() as connection:
        return connection.scalar(text(f"SELECT {name} FROM cases WHERE number = :n"), {"n": number})


def test_of_very_many_posts_and_events_the_newest_are_shown_and_how_it_began(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = (console.open_case(author=f"a{i}", words=f"acme {i} cloud down") for i in range(4))
    monkeypatch.setattr(desk, "MENTIONS_SHOWN", 2)
    monkeypatch.setattr(desk, "FIRST_SHOWN", 1)
    monkeypatch.setattr(case, "FIRST_SHOWN", 1)
    with sign_in(console) as client:
        for other in others:
            client.post(f"/cases/{first}/merge", data={"value": str(other)})
        with console.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO case_events (case_number, kind, at, actor, text, data)"
                    " SELECT :n, 'note', now(), 'eve', 'note ' || i, '{}' FROM generate_series(1, 1001) AS i"
                ),
                {"n": first},
            )
        page = client.post(f"/cases/{first}/acknowledge", headers=HTMX).text
    assert "acknowledged by Ana Costa (desk)" in page
    posts = page[page.index('id="posts-title"') :]
    assert re.findall(r"<p class=\"words\"[^>]*>acme (\d)|(2 more posts are not shown)", posts) == [
        ("0", ""),
        ("", "2 more posts are not shown"),
        ("3", ""),
    ]


def test_assign_take_wait_and_go_on(console: Console) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        client.post(f"/cases/{number}/assign", data={"value": "r.castillo"})
        assert column(console, number, "assignee") == "r.castillo"
        client.post(f"/cases/{number}/assign", data={"value": "r.castillo", "mine": "1"})
        assert column(console, number, "assignee") == "Ana Costa (desk)"
        assert 'name="mine"' not in client.get(f"/cases/{number}").text
        part = client.post(f"/cases/{number}/pause", data={"value": "department", "text": "who owns it?"}, headers=HTMX)
        assert "waiting for a department: who owns it?; the clocks stand still" in part.text
        assert "/resume" in part.text
        assert "/resume" not in client.post(f"/cases/{number}/resume", headers=HTMX).text


def test_forward_escalate_and_label(console: Console) -> None:
    number = console.open_case(urgency=Urgency.NORMAL)
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}").text
        assert "<option>desk</option>" in page
        assert re.findall(r'<option value="(sev\d)"', page) == ["sev2", "sev1"]
        forwarded = client.post(f"/cases/{number}/forward", data={"value": "desk", "text": "yours"}, headers=HTMX)
        assert "forwarded to desk by Ana Costa (desk): yours" in forwarded.text
        client.post(f"/cases/{number}/escalate", data={"value": "sev1", "text": "the press"})
        assert column(console, number, "severity") == "sev1"
        labelled = client.post(f"/cases/{number}/label", data={"value": "press"}, headers=HTMX)
        assert '<span class="tag">press</span>' in labelled.text
        nowhere = client.post(f"/cases/{number}/forward", data={"value": "nowhere"}, headers=HTMX)
        assert nowhere.status_code == 422
        assert "There is no target nowhere; known: desk" in nowhere.text


def test_merge_and_split_by_ticking_posts(console: Console) -> None:
    one, other = console.open_case(author="a"), console.open_case(author="b", words="acme cloud is slow")
    with sign_in(console) as client:
        merged = client.post(f"/cases/{one}/merge", data={"value": str(other), "text": "one thing"}, headers=HTMX)
        assert f"case {other} was merged into this one by Ana Costa (desk): one thing" in merged.text
        ids = re.findall(r'type="checkbox" name="value" value="(\d+)" form="split"', merged.text)
        assert len(ids) == 2
        split = client.post(f"/cases/{one}/split", data={"value": ids[1:], "text": "two things"}, headers=HTMX)
        assert "1 of its posts became case" in split.text
        assert "no longer" not in split.text
        nothing = client.post(f"/cases/{one}/split", headers=HTMX)
        assert nothing.status_code == 422
        assert "Tick the posts that are to leave first." in nothing.text
        assert client.post(f"/cases/{one}/merge", data={"value": "999999"}, headers=HTMX).status_code == 404


def test_an_answer_is_logged_with_its_words_and_a_refusal_keeps_them(console: Console) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        logged = client.post(f"/cases/{number}/reply", data={"text": "A fix is on its way."}, headers=HTMX).text
        assert '<p class="words quote">A fix is on its way.</p>' in logged
        assert re.search(r'class="met">met</span>', logged)
        client.post(f"/cases/{number}/close")
        refused = client.post(f"/cases/{number}/reply", data={"text": "and once more"}, headers=HTMX)
        assert refused.status_code == 409
        assert "and once more</textarea>" in refused.text


def test_a_deadline_says_when_why_and_how_late(console: Console) -> None:
    number = console.open_case(minutes=1)
    with console.database.begin() as connection:
        connection.execute(
            text(
                "UPDATE sla_clocks SET state = 'breached', due_at = now() - interval '30 min',"
                " ended_at = now() - interval '10 min' WHERE case_number = :n AND name = 'first_response'"
            ),
            {"n": number},
        )
    with sign_in(console, READ) as client:
        page = client.get(f"/cases/{number}").text
        assert "answered 20 min late" in page
        assert re.search(r"from \d\d:\d\d UTC, due \d\d:\d\d", page)
        # What was answered, however late, waits for nobody.
        assert "30 min late" not in client.get("/").text


def test_a_story_tells_its_reach_and_where_it_began(console: Console) -> None:
    words = "acme cloud has lost all our invoices of this year and nobody at the hotline knows anything"
    number, copy = console.open_case(author="first", words=words), console.open_case(author="second")
    with console.database.begin() as connection:
        connection.execute(text("DELETE FROM story_posts"))
        connection.execute(
            text(
                "INSERT INTO story_posts (mention_id, story, language, why, written_at)"
                " SELECT id, min(id) OVER (), 'en', '', created_at FROM mentions"
            )
        )
    assert copy != number
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}").text
    story = page[page.index('id="story-title"') :]
    assert re.search(r"<dt>posts</dt><dd>2</dd>", story)
    assert re.search(r"<dt>reach</dt><dd>2.4k</dd>", story)
    assert "<b>First</b>" in story
    assert "lost all our invoices" in story


def test_what_happened_again_and_again_is_one_line(console: Console) -> None:
    number = console.open_case()
    with console.database.begin() as connection:
        for _ in range(3):
            connection.execute(
                text(
                    "INSERT INTO case_events (case_number, at, kind, actor, text, data) VALUES"
                    " (:n, now(), 'joined', 'leitstand', 'one more reply joined: the same conversation', '{}')"
                ),
                {"n": number},
            )
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}").text
    assert page.count("one more reply joined") == 1
    assert '<span class="tag">3×</span>' in page


def test_what_may_help_tells_solved_cases_and_says_so_where_there_is_none(console: Console) -> None:
    solved = console.open_case(author="a", words="acme cloud checkout shows nothing once the voucher is entered")
    number = console.open_case(author="b", words="my voucher breaks every acme checkout since noon today")
    with sign_in(console) as client:
        assert f'hx-get="/cases/{number}/knowledge"' in client.get(f"/cases/{number}").text
        nothing = client.get(f"/cases/{number}/knowledge", headers=HTMX).text
        assert "Nothing like it was solved before" in nothing
        client.post(f"/cases/{solved}/resolve")
        part = client.get(f"/cases/{number}/knowledge", headers=HTMX).text
        assert f'<a href="/cases/{solved}">' in part
        assert "<html" not in part
        assert "<html" in client.get(f"/cases/{number}/knowledge").text
        assert client.get("/cases/999999/knowledge").status_code == 404


def test_a_solved_case_is_shared_with_whom_it_may_please(console: Console) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        client.post(f"/cases/{number}/resolve", data={"text": "fixed"})
        assert f'action="/cases/{number}/share"' in client.get(f"/cases/{number}").text
        shared = client.post(f"/cases/{number}/share", data={"value": "desk", "text": "they love it"}, headers=HTMX)
        assert "shared with desk by Ana Costa (desk): they love it" in shared.text
        assert client.post(f"/cases/{number}/share", data={"value": "nowhere"}, headers=HTMX).status_code == 422
    with console.database.connect() as connection:
        told = connection.execute(text("SELECT target, reason FROM deliveries WHERE type = 'case.shared'")).all()
    assert [tuple(row) for row in told] == [("desk", "shared with desk by Ana Costa (desk): they love it")]


def test_what_is_refused_is_said_in_the_readers_language(console: Console) -> None:
    label, german = f"/cases/{console.open_case()}/label", {**HTMX, "Accept-Language": "de"}
    with sign_in(console) as client:
        refused = client.post(label, data={"value": "x" * 101}, headers=german)
        assert refused.status_code == 422
        assert "Ein Label hat höchstens 100 Zeichen." in refused.text
        assert "A label has at most 100 characters." in client.post(label, data={"value": "x" * 101}, headers=HTMX).text
        for_whom = client.post(label.replace("label", "pause"), data={"value": "nobody"}, headers=german)
        assert "Möglich ist nur: author, department, hold." in for_whom.text


def test_german_pages_quote_in_german(console: Console) -> None:
    number = console.open_case(words="acme cloud is down and everything is gone")
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}", headers={"Accept-Language": "de"}).text
    assert re.search(r"Dringlichkeit \w+: „[^„“”]+“ \(", page)
