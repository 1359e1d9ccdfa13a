"""Incidents, escalations, silences and on-call over the API."""

from datetime import timedelta

import httpx
from sqlalchemy import text

from leitstand import clock
from leitstand.model import Urgency
from tests.console.running import ACT, READ, Console
from triage.policy import compile_policy
from triage.risk.estimates import refresh


def call(console: Console, method: str, path: str, body: object = None, token: str = ACT) -> httpx.Response:
    return httpx.request(
        method, f"{console.url}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


def escalation(console: Console) -> tuple[int, int]:
    """A case, and an escalation about it."""
    number = console.open_case()
    made = call(console, "POST", "escalations", {"case": number, "title": "All is down"})
    assert made.status_code == 201
    return number, made.json()["number"]


def test_an_escalation_is_opened_worked_on_and_closed(console: Console) -> None:
    number, found = escalation(console)
    assert call(console, "POST", "escalations", {"case": number}).status_code == 409
    due = (clock.now() + timedelta(hours=2)).isoformat()
    measure = {"text": "Renew it", "value": "ann", "due": due}
    detail = call(console, "POST", f"escalations/{found}/measure", measure).json()
    assert detail["measures"][0]["light"] == "green" and detail["escalation"]["case_number"] == number
    early = call(console, "POST", f"escalations/{found}/close", {"happened": "It broke."})
    assert early.status_code == 422 and "why" in early.json()["error"]
    done = {"value": str(detail["measures"][0]["id"])}
    assert call(console, "POST", f"escalations/{found}/done", done).status_code == 200
    lesson = {"happened": "The disk was full.", "why": "Nobody watched it.", "change": "An alarm.", "by_whom": "ops"}
    closed = call(console, "POST", f"escalations/{found}/close", lesson).json()
    assert closed["escalation"]["state"] == "closed" and closed["log"][-1]["kind"] == "closed"
    searched = call(console, "GET", "escalations?state=all&q=disks", token=READ).json()["escalations"]
    assert [e["number"] for e in searched] == [found]


def test_what_is_refused_says_why(console: Console) -> None:
    _, found = escalation(console)
    assert call(console, "GET", f"escalations/{found}", token="nobody").status_code == 401
    assert call(console, "POST", f"escalations/{found}/note", {"text": "x"}, token=READ).status_code == 403
    assert call(console, "POST", f"escalations/{found}/dance", {}).status_code == 404
    assert call(console, "POST", f"escalations/{found}/note", {"txt": "x"}).status_code == 422
    assert call(console, "GET", "escalations/99999999").status_code == 404
    assert call(console, "GET", "escalations?state=sideways").status_code == 422
    assert call(console, "POST", "escalations", {"case": 999_999_999}).status_code == 404
    assert call(console, "POST", "escalations", {"case": 10**19}).status_code == 422
    assert call(console, "GET", "incidents/4711").status_code == 404


def test_the_riskiest_are_told_with_reasons(console: Console) -> None:
    escalation(console)
    (risky,) = call(console, "GET", "escalations?state=risky", token=READ).json()["escalations"]
    assert 0 < risky["score"] < 1 and "nobody owns it" in risky["reasons"]


def test_a_silence_is_added_and_ended(console: Console) -> None:
    wanted = {"matcher": {"teams": ["cloud-support"]}, "owner": "ann", "reason": "a drill", "lasts": "2h"}
    made = call(console, "POST", "silences", wanted)
    assert made.status_code == 201
    number = made.json()["id"]
    assert number in [s["id"] for s in call(console, "GET", "silences", token=READ).json()["silences"]]
    assert call(console, "POST", f"silences/{number}/end").json()["ended_by"]
    assert call(console, "POST", f"silences/{number}/end").status_code == 404
    for broken in ({**wanted, "matcher": {}}, {**wanted, "lasts": "soon"}, {**wanted, "owner": ""}):
        assert call(console, "POST", "silences", broken).status_code == 422


def test_incidents_are_listed_and_closed(console: Console) -> None:
    number = console.open_case()
    with console.database.begin() as connection:
        incident = connection.execute(
            text(
                "INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak,"
                " authors, lead_case) VALUES ('cloud', 'open', 'trouble', now(), now(), 0.1, 3, 4, 4, :n)"
                " RETURNING number"
            ),
            {"n": number},
        ).scalar_one()
        connection.execute(text("UPDATE cases SET incident = :i WHERE number = :n"), {"i": incident, "n": number})
    (shown,) = call(console, "GET", "incidents", token=READ).json()["incidents"]
    assert (shown["number"], shown["cases"], shown["watchlist"]) == (incident, 1, "cloud")
    assert call(console, "GET", f"cases/{number}", token=READ).json()["incident"] == incident
    closed = call(console, "POST", f"incidents/{incident}/close", {"text": "fixed"}).json()
    assert closed["incident"]["state"] == "closed" and "fixed" in closed["incident"]["summary"]
    assert call(console, "POST", f"incidents/{incident}/close").status_code == 409
    assert call(console, "GET", "incidents?state=all", token=READ).json()["incidents"][0]["cases"] == 1


def test_who_is_on_call_is_told(console: Console) -> None:
    assert call(console, "GET", "oncall", token=READ).json() == {}


def test_a_case_tells_its_risk_with_reasons(console: Console) -> None:
    number = console.open_case()
    with console.database.begin() as connection:
        refresh(connection, compile_policy(console.settings), clock.now())
    risk = call(console, "GET", f"cases/{number}", token=READ).json()["risk"]
    assert 0 < risk["score"] < 1 and risk["reasons"]


def test_the_riskiest_cases_come_first(console: Console) -> None:
    calm, wild = console.open_case(author="one"), console.open_case(author="two", urgency=Urgency.CRITICAL)
    with console.database.begin() as connection:
        refresh(connection, compile_policy(console.settings), clock.now())
    found = call(console, "GET", "cases?sort=risk&limit=2", token=READ).json()
    assert [case["number"] for case in found["cases"]] == [wild, calm] and found["next"] is None
    assert call(console, "GET", "cases?sort=fear", token=READ).status_code == 422
