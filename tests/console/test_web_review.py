"""The queue of cases that wait for a person, over real HTTP."""

import re

from sqlalchemy import text

from tests.console.running import ACT, READ, Console
from tests.console.visiting import sign_in


def hold(console: Console, number: int, why: str = "the assessment is 40% sure") -> None:
    """Make a case wait for a person."""
    with console.database.begin() as connection:
        connection.execute(text("UPDATE cases SET review = :w WHERE number = :n"), {"w": why, "n": number})


def test_only_what_waits_is_there_with_its_reason_and_it_can_be_approved_in_place(console: Console) -> None:
    waiting, sure = console.open_case(author="a"), console.open_case(author="b", channel="mastodon")
    hold(console, waiting)
    with sign_in(console, ACT) as client:
        page = client.get("/review?team=cloud-support").text
        assert re.findall(r'data-case="(\d+)"', page) == [str(waiting)]
        assert "the assessment is 40% sure" in page
        assert '<a href="/review">' in client.get("/").text
        response = client.post(f"/cases/{waiting}/approve", data={"next": "/review?team=cloud-support"})
        assert response.headers["location"] == "/review?team=cloud-support"
        assert "No case matches these filters" in client.get("/review?team=cloud-support").text
        assert "No case waits for a person" in client.get("/review").text
        assert f'data-case="{sure}"' in client.get("/").text
    with console.database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM case_events WHERE kind = 'approved'")) == 1


def test_filters_stay_in_the_address(console: Console) -> None:
    hold(console, console.open_case(channel="mastodon"))
    with sign_in(console, READ) as client:
        page = client.get("/review?channel=mastodon&severity=sev2&watchlist=cloud").text
        assert 'data-refresh="/review/part?severity=sev2&amp;channel=mastodon&amp;watchlist=cloud"' in page
        assert '<form class="filters" method="get" action="/review"' in page
        assert "/approve" not in page  # this token may only read
        assert "No case matches these filters" in client.get("/review?channel=x").text
        assert "<html" not in client.get("/review/part").text


def test_the_way_back_never_leads_to_another_site(console: Console) -> None:
    number = console.open_case()
    hold(console, number)
    with sign_in(console) as client:
        response = client.post(f"/cases/{number}/approve", data={"next": "//evil.example"})
    assert response.headers["location"] == "/"
