"""The public page: whoever has the link can rate that case, and nothing else."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.feedback import Links
from tests.console.running import ACT, Console
from triage.ratings import rating_of

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
LINKS = Links(b"k" * 32, "https://desk.example", timedelta(days=60))


def token(links: Links, number: int, now: datetime = NOW) -> str:
    return links.link(number, now).rpartition("/")[2]


def test_a_link_names_its_case_until_its_day() -> None:
    made = token(LINKS, 27)
    assert LINKS.link(27, NOW).startswith("https://desk.example/feedback/27.")
    assert LINKS.number(made, NOW + timedelta(days=60)) == 27
    assert LINKS.number(made, NOW + timedelta(days=60, seconds=1)) is None
    assert Links(b"other" * 8, "", timedelta(days=60)).number(made, NOW) is None


@given(st.text(max_size=120))
def test_no_other_word_is_a_link(said: str) -> None:
    assert LINKS.number(said, NOW) is None
    made = token(LINKS, 27)
    assert LINKS.number(made.replace("27.", "28.", 1), NOW) is None
    assert LINKS.number(made + said, NOW) == (27 if not said else None)


@pytest.fixture
def solved(console: Console) -> tuple[int, str]:
    """A solved case, and the path of its link as its page shows it."""
    number = console.open_case()
    with console.client(ACT) as client:
        client.post(f"/api/v1/cases/{number}/resolve").raise_for_status()
    with console.client() as client:
        client.post("/login", data={"token": ACT, "person": "eve"}, headers={"sec-fetch-site": "same-origin"})
        shown = client.get(f"/cases/{number}").text
    found = re.search(r'value="http[^"]*(/feedback/[^"]+)"', shown)
    assert found is not None
    return number, found[1]


def test_an_author_rates_a_solved_case_without_signing_in(console: Console, solved: tuple[int, str]) -> None:
    number, path = solved
    with console.client(**{"accept-language": "de", "sec-fetch-site": "same-origin"}) as client:
        asked = client.get(path)
        assert (asked.status_code, "Wie waren wir?" in asked.text) == (200, True)
        assert "/cases/" not in asked.text
        assert re.findall(r'name="score" value="(\d)"', asked.text) == ["1", "2", "3", "4", "5"]
        assert client.post(path, data={"comment": "hm"}).status_code == 422
        thanks = client.post(path, data={"score": "4", "comment": "schnell"})
        assert "Danke" in thanks.text
    with console.database.connect() as connection:
        found = rating_of(connection, number)
    assert found is not None and (found.score, found.comment) == (4, "schnell")


def test_a_link_that_is_not_ours_and_a_case_that_is_open(console: Console, solved: tuple[int, str]) -> None:
    number, path = solved
    with console.client(**{"sec-fetch-site": "same-origin"}) as client:
        assert client.get(f"/feedback/{number}.fffffff.x").status_code == 404
        assert client.post(f"/feedback/{number}.fffffff.x", data={"score": "1"}).status_code == 404
        assert client.post(path, data={"score": "1"}).status_code == 200
        assert client.post(path, data={"score": "1"}).status_code == 409


def test_another_sites_page_cannot_send_it(console: Console, solved: tuple[int, str]) -> None:
    _, path = solved
    with console.client(**{"sec-fetch-site": "cross-site"}) as client:
        assert client.post(path, data={"score": "1"}).status_code == 403
