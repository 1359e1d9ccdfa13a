"""The page of listeners and targets, over real HTTP."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from leitstand import clock
from leitstand.model import NoticeType
from listeners import gaps
from listeners.cursors import report_status
from tests.console.alike import alike
from tests.console.running import READ, Console
from tests.console.visiting import HTMX, sign_in


def test_a_listener_that_never_reported_says_so_and_nothing_was_missed(console: Console) -> None:
    with sign_in(console, READ) as client:
        page = client.get("/listeners").text
    assert "no word yet" in page
    assert "None: every listener was heard all the time." in page
    assert "0 posts wait to be assessed" in page
    for name in console.settings.targets:
        assert f'<th scope="row">{name}</th>' in page


def test_a_listener_tells_state_lag_gap_budget_and_error(console: Console) -> None:
    now = clock.now()
    with console.database.begin() as connection:
        report_status(connection, "ingest", "a", error="", last_post_at=now - timedelta(hours=2), now=now, heard=True,
                      next_at=now + timedelta(minutes=4))  # fmt: skip
        report_status(
            connection, "ingest", "b", error="the token has expired: make a new one", last_post_at=None, now=now
        )
        gaps.begin(connection, "ingest", "a", "HTTP 503", now - timedelta(hours=3), now - timedelta(hours=3))
        gaps.end(connection, "ingest", "a", now - timedelta(hours=2), caught_up=True)
        gaps.begin(connection, "ingest", "b", "HTTP 401", now, now - timedelta(minutes=30))
        connection.execute(
            text(
                "INSERT INTO listener_budgets (listener, part, remaining, allowed, resets_at, note)"
                " VALUES ('ingest', '', 1200, 10000, :until, 'only own mentions are read')"
            ),
            {"until": now + timedelta(hours=5)},
        )
    with sign_in(console, READ) as client:
        page = client.get("/listeners/part").text
    for words in (
        "not heard", "the token has expired: make a new one", "2 h ago", "1,200 of 10,000", "1 h", "(made good)",
        "30 min", "HTTP 401", "and still", "only own mentions are read",
    ):  # fmt: skip
        assert words in page
    assert "<html" not in page


def _dead(console: Console, number: int, target: str, kind: str = NoticeType.CASE_OPENED) -> int:
    with console.database.begin() as connection:
        found: int = connection.execute(
            text(
                "INSERT INTO deliveries (key, target, case_number, severity, type, reason, step, snapshot, state,"
                " attempts, created_at, next_attempt_at, ended_at, error) VALUES (:key, :target, :n, 'sev2',"
                " :kind, 'r', '', '{}', 'dead', 9, now(), now(), now(), 'HTTP 410: gone') RETURNING id"
            ),
            {"key": f"{target}-{number}-{clock.now().timestamp()}", "target": target, "n": number, "kind": kind},
        ).scalar_one()
        return found


def _state(console: Console, delivery: int) -> object:
    with console.database.connect() as connection:
        return connection.scalar(text("SELECT state FROM deliveries WHERE id = :i"), {"i": delivery})


def test_dead_letters_are_sent_again_one_or_all_of_a_target(console: Console) -> None:
    number = console.open_case()
    first, second, third = (_dead(console, number, target) for target in ("desk", "desk", "fax"))
    with sign_in(console) as client:
        page = client.get("/listeners").text
        assert page.count("HTTP 410: gone") == 3 and not alike(page)
        assert f'<a href="/cases/{number}">#{number}</a>' in page
        response = client.post("/deliveries/retry", data={"id": str(third)})
        assert (response.status_code, response.headers["location"]) == (303, "/listeners#targets")
        assert [_state(console, d) for d in (first, second, third)] == ["dead", "dead", "unknown"]
        client.post("/deliveries/retry", data={"target": "desk"})
        assert [_state(console, d) for d in (first, second)] == ["unknown", "unknown"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_dead_letter_of_any_kind_is_shown(console: Console, language: str) -> None:
    number = console.open_case()
    for kind in NoticeType:
        _dead(console, number, "desk", kind)
    with sign_in(console, READ) as client:
        page = client.get("/listeners", headers={"accept-language": language})
    assert page.status_code == 200
    assert page.text.count("HTTP 410: gone") == len(NoticeType)


def test_who_may_only_read_cannot_send_again_and_nothing_named_sends_nothing(console: Console) -> None:
    letter = _dead(console, console.open_case(), "desk")
    with sign_in(console, READ) as client:
        assert "/deliveries/retry" not in client.get("/listeners").text
        assert client.post("/deliveries/retry", data={"target": "desk"}, headers=HTMX).status_code == 403
    with sign_in(console) as client:
        for nothing in ({}, {"id": "abc"}, {"id": "9" * 40}, {"target": ""}):
            assert client.post("/deliveries/retry", data=nothing).status_code == 303
    assert _state(console, letter) == "dead"


def test_a_paused_target_says_until_when_and_why(console: Console) -> None:
    with console.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO target_status (target, paused_until, error, failures, updated_at)"
                " VALUES ('desk', now() + interval '3 min', 'HTTP 429', 5, now())"
            )
        )
    with sign_in(console, READ) as client:
        page = client.get("/listeners").text
    assert "paused" in page
    assert "HTTP 429" in page
