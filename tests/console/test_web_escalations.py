"""Incidents and escalations as pages, over real HTTP."""

import re
from datetime import UTC, timedelta

from sqlalchemy import text

from leitstand import clock
from leitstand.model import Urgency
from tests.console.alike import alike
from tests.console.running import READ, Console
from tests.console.visiting import HTMX, sign_in

LESSON = {"happened": "the login failed", "why": "a key ran out", "change": "keys are watched", "by_whom": "r.castillo"}


def opened(console: Console) -> tuple[int, int]:
    """A case and the escalation that a person opened about it."""
    number = console.open_case()
    with sign_in(console) as client:
        where = client.post("/escalations", data={"case": number, "title": "Logins fail"}).headers["location"]
    return number, int(where.rpartition("/")[2])


def test_nothing_is_open_and_the_page_says_how_that_changes(console: Console) -> None:
    with sign_in(console, READ) as client:
        assert "No open escalation" in client.get("/escalations").text
        assert "No incident so far" in client.get("/incidents").text
        assert client.get("/escalations/999999").status_code == 404
        assert client.get("/incidents/999999").status_code == 404


def test_an_escalation_from_a_case_to_what_was_learned(console: Console) -> None:
    number, project = opened(console)
    base = f"/escalations/{project}"
    due = (clock.now() + timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    with sign_in(console) as client:
        listed = client.get("/escalations").text
        assert "Logins fail" in listed
        assert "nobody owns it" in listed
        assert f"escalation {project} is opened: a decision of Ana Costa (desk)" in client.get(f"/cases/{number}").text
        assert client.post("/escalations", data={"case": number}).headers["location"] == "/escalations"
        client.post(f"{base}/own", data={"value": "eve"})
        client.post(f"{base}/measure", data={"text": "renew the key", "value": "bo", "due": due})
        client.post(f"{base}/hand-over", data={"text": "write to all", "value": "desk", "due": due})
        client.post(f"{base}/milestone", data={"text": "The cause is found."})
        page = client.get(base).text
        for words in ("renew the key", "not accepted yet", "The cause is found.", "eve owns it from now on"):
            assert words in page
        assert not alike(page)
        early = client.post(f"{base}/close", data=LESSON)
        assert early.status_code == 409
        assert "has open measures (2)" in early.text
        for measure in re.findall(r'name="value" value="(\d+)"', page):
            client.post(f"{base}/done", data={"value": measure})
        assert client.post(f"{base}/close", data={**LESSON, "why": ""}).status_code == 422
        assert client.post(f"{base}/close", data=LESSON).status_code == 303
        assert "keys are watched" in client.get(base).text
        assert "Logins fail" in client.get("/escalations?q=key").text
        assert "Nothing found." in client.get("/escalations?q=elephant").text
    with console.database.connect() as connection:
        told = connection.scalars(text("SELECT reason FROM deliveries WHERE target = 'desk'")).all()
    assert any("write to all" in reason for reason in told)


def test_a_date_that_is_none_says_what_to_do(console: Console) -> None:
    _, project = opened(console)
    with sign_in(console) as client:
        for due in ("", "tomorrow", "2020-01-01T10:00"):
            refused = client.post(f"/escalations/{project}/measure", data={"text": "a", "value": "b", "due": due})
            assert refused.status_code == 422
            assert "Say until when" in refused.text


def test_who_may_only_read_sees_no_forms(console: Console) -> None:
    _, project = opened(console)
    with sign_in(console, READ) as client:
        assert "<textarea" not in client.get(f"/escalations/{project}").text
        assert client.post(f"/escalations/{project}/own", data={"value": "x"}, headers=HTMX).status_code == 403
        assert client.post("/incidents/1/close", headers=HTMX).status_code == 403


def test_an_incident_shows_its_cases_and_is_closed_by_hand(console: Console) -> None:
    case = console.open_case()
    with console.database.begin() as connection:
        number = connection.scalar(
            text(
                "INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak,"
                " authors, lead_case) VALUES ('cloud', 'open', 'trouble', now() - interval '10 min', now(), 1, 3, 7,"
                " 12, :case) RETURNING number"
            ),
            {"case": case},
        )
        connection.execute(text("UPDATE cases SET incident = :n"), {"n": number})
    with sign_in(console) as client:
        assert f'href="/incidents/{number}"' in client.get("/incidents").text
        page = client.get(f"/incidents/{number}").text
        for words in (f'href="/cases/{case}"', "cloud", "<dd>12</dd>", "Close the incident", "acme cloud is down"):
            assert words in page
        assert f'href="/incidents/{number}">incident {number}</a>' in client.get(f"/cases/{case}").text
        assert client.post(f"/incidents/{number}/close", data={"text": "fixed"}).status_code == 303
        assert client.post(f"/incidents/{number}/close").status_code == 303
        over = client.get(f"/incidents/{number}").text
    assert "closed by Ana Costa (desk): fixed" in over
    assert "Close the incident" not in over


def test_an_incident_shows_the_worst_of_its_cases_and_leads_to_all(console: Console) -> None:
    mild = [console.open_case(author=f"a{i}", words=f"acme {i} slow", urgency=Urgency.NORMAL) for i in range(21)]
    worst = console.open_case(author="worst", words="acme burns", urgency=Urgency.CRITICAL)
    with console.database.begin() as connection:
        number = connection.scalar(
            text(
                "INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak,"
                " authors, lead_case) VALUES ('cloud', 'open', 'trouble', now(), now(), 1, 3, 7, 1200, :case)"
                " RETURNING number"
            ),
            {"case": worst},
        )
        connection.execute(text("UPDATE cases SET incident = :n"), {"n": number})
    with sign_in(console, READ) as client:
        page = client.get(f"/incidents/{number}").text
    shown = re.findall(r'data-case="(\d+)"', page)
    assert shown[0] == str(worst) and len(shown) == 20
    assert "2 further cases" in page and "<dd>1,200</dd>" in page
    assert all(f'href="/cases/{case}"' in page for case in (worst, *mild))


def test_a_lesson_is_shown_after_its_case_has_gone(console: Console) -> None:
    number, escalation = opened(console)
    with console.database.begin() as connection:
        given = LESSON | {"n": escalation}
        connection.execute(
            text(
                "UPDATE escalations SET state = 'closed', closed_at = now(), case_number = NULL, happened = :happened,"
                " why = :why, change = :change, by_whom = :by_whom WHERE number = :n"
            ),
            given,
        )
    with sign_in(console, READ) as client:
        page = client.get(f"/escalations/{escalation}").text
        assert "a key ran out" in page and f"/cases/{number}" not in page and "None" not in page
        assert "None" not in client.get("/escalations", params={"q": "keys"}).text
        shown = client.get(f"/api/v1/escalations/{escalation}", headers={"Authorization": f"Bearer {READ}"})
    assert shown.status_code == 200 and '"case_number":null' in shown.text.replace(" ", "")
