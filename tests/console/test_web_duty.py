"""Who is on call, silences and the matrix, as pages and in JSON, over real HTTP."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from tests.console.running import ACT, READ, TOKENS, Console, empty, running, settings
from tests.console.visiting import sign_in
from workers.embedded import redis_url as embedded_redis_url

ROTAS = {"cloud": {"people": ["anna"]}}
TEAMS = {"cloud-support": {"forward": ["desk"], "rota": "cloud"}}
STEPS = [{"notify": "on-call"}, {"after": "10m", "notify": "desk", "only": {"hours": ["08:00-18:00"]}}]
ESCALATION = {"sev1": {"steps": STEPS, "repeat": 2}}


@pytest.fixture(scope="module")
def _duty(console_database: Engine, services: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    targets = {name: {"kind": "log"} for name in ("desk", "anna", "ben")}
    folder = tmp_path_factory.mktemp("duty")
    config = settings(folder, tokens=dict(TOKENS), targets=targets, rotas=ROTAS, teams=TEAMS, escalation=ESCALATION)
    with running(config, console_database, embedded_redis_url(services)) as found:
        yield found


@pytest.fixture
def duty(_duty: Console, redis_url: str) -> Console:
    empty(_duty.database)
    return _duty


def follow(client: httpx.Client, path: str, data: dict[str, str]) -> str:
    """What the browser shows after the form was sent."""
    sent = client.post(path, data=data)
    assert sent.status_code == 303, sent.text
    return client.get(sent.headers["location"]).text


def undo(client: httpx.Client, page: str) -> str:
    """Press the page's Undo."""
    form = re.search(r'<form class="said wait"[^>]*action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    assert form is not None and "Undo" in form[2]
    return follow(client, form[1], dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[2])))


def test_a_stand_in_is_entered_removed_and_put_back(duty: Console) -> None:
    end = (clock.now() + timedelta(hours=2)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    on_call = re.compile(r'<dd class="duty">(\w+)')
    with sign_in(duty) as client:
        page = client.get("/oncall").text
        assert on_call.search(page)[1] == "anna" and "Nobody stands in." in page  # type: ignore[index]
        assert "nobody else within eight weeks" in page
        added = follow(client, "/oncall/cloud/override", {"person": "ben", "end": end})
        assert on_call.search(added)[1] == "ben" and "Ana Costa" in added  # type: ignore[index]
        removed = undo(client, added)
        assert on_call.search(removed)[1] == "anna"  # type: ignore[index]
        assert on_call.search(undo(client, removed))[1] == "ben"  # type: ignore[index]


def test_a_stand_in_that_cannot_be_says_why(duty: Console) -> None:
    with sign_in(duty) as client:
        refused = client.post("/oncall/cloud/override", data={"person": "ben", "end": "2020-01-01T10:00"})
        assert refused.status_code == 422 and "It must end after it starts" in refused.text
        assert client.post("/oncall/night/override", data={"person": "ben"}).status_code == 404
        assert client.post("/oncall/overrides/99/remove").status_code == 404
    with sign_in(duty, READ) as client:
        assert client.post("/oncall/cloud/override", data={"person": "ben"}).status_code == 403
        assert "Let somebody stand in" not in client.get("/oncall").text


def test_a_silence_begins_ends_and_goes_on(duty: Console) -> None:
    with sign_in(duty) as client:
        assert "Nothing is silenced" in client.get("/silences").text
        wanted = {"team": "cloud-support", "severity": "sev2", "reason": "planned work", "lasts": "2h"}
        page = follow(client, "/silences", wanted)
        for words in ("planned work", "Ana Costa", "team cloud-support", "severity sev2"):
            assert words in page
        number = re.search(r"/silences/(\d+)/end", page)
        assert number is not None
        ended = follow(client, f"/silences/{number[1]}/end", {})
        assert "Nothing is silenced" in ended
        assert "planned work" in undo(client, ended)
        assert client.post(f"/silences/{number[1]}/reopen", data={"until": "2020-01-01T00:00:00Z"}).status_code == 422
        assert client.post("/silences/99/end").status_code == 404


def test_a_silence_of_everything_is_refused_and_what_was_typed_stays(duty: Console) -> None:
    with sign_in(duty) as client:
        refused = client.post("/silences", data={"reason": "quiet please", "lasts": "1d"})
        assert refused.status_code == 422
        assert "Say what is to be silenced" in refused.text and "quiet please" in refused.text
        assert client.post("/silences", data={"cases": "a, b", "reason": "x"}).status_code == 422


def test_the_matrix_is_a_table_and_a_picture_in_both_languages(duty: Console) -> None:
    with sign_in(duty) as client:
        page, drawn = client.get("/matrix").text, client.get("/matrix.svg")
        assert "tell on-call" in page
        assert "until acknowledged, 2 times again" in page
        assert drawn.headers["content-type"].startswith("image/svg") and "a case is sev1" in drawn.text
        client.post("/language", data={"language": "de"})
        german = client.get("/matrix").text
        assert "ein Fall ist Sev 1" in german and "nur: von 08:00-18:00" in german
        assert "Wer wann benachrichtigt wird" in client.get("/matrix.svg").text


def test_the_pages_say_what_to_configure(console: Console) -> None:
    with sign_in(console, READ) as client:
        assert "No rota is configured" in client.get("/oncall").text
        assert "Nobody is ever woken" in client.get("/matrix").text


def test_the_api_tells_and_changes_the_same(duty: Console) -> None:
    end = (clock.now() + timedelta(hours=2)).isoformat()
    with duty.client(ACT) as client:
        assert client.get("/api/v1/oncall").json() == {"cloud": "anna"}
        added = client.post("/api/v1/oncall/overrides", json={"rota": "cloud", "person": "ben", "end": end})
        assert (added.status_code, added.json()["added_by"]) == (201, "desk")
        assert client.get("/api/v1/oncall").json() == {"cloud": "ben"}
        assert [one["person"] for one in client.get("/api/v1/oncall/overrides").json()["overrides"]] == ["ben"]
        number = added.json()["id"]
        assert client.post(f"/api/v1/oncall/overrides/{number}/remove").status_code == 200
        assert client.get("/api/v1/oncall").json() == {"cloud": "anna"}
        assert client.post(f"/api/v1/oncall/overrides/{number}/restore").status_code == 200
        assert client.post(f"/api/v1/oncall/overrides/{number}/eat").status_code == 404
        wrong = {"rota": "cloud", "person": "ben", "end": "2030-01-01T00:00:00"}
        assert client.post("/api/v1/oncall/overrides", json=wrong).status_code == 422
        rows = client.get("/api/v1/matrix").json()["matrix"]
        assert [(row["trigger"], row["policy"], len(row["levels"])) for row in rows] == [
            ("a case is sev1", "sev1", 2), ("an incident opens", "sev1", 2),
        ]  # fmt: skip
        silence = {"matcher": {"teams": ["cloud-support"]}, "owner": "eve", "reason": "work", "lasts": "2h"}
        quiet = client.post("/api/v1/silences", json=silence).json()["id"]
        assert client.post(f"/api/v1/silences/{quiet}/reopen", json={"until": end}).status_code == 404
        client.post(f"/api/v1/silences/{quiet}/end").raise_for_status()
        assert client.post(f"/api/v1/silences/{quiet}/reopen", json={"until": end}).json()["ended_by"] == ""
        assert (
            client.post(f"/api/v1/silences/{quiet}/reopen", json={"until": "2020-01-01T00:00:00Z"}).status_code == 422
        )
    with duty.client(READ) as client:
        assert client.post(f"/api/v1/oncall/overrides/{number}/remove").status_code == 403


def test_a_calendar_that_cannot_be_fetched_is_told(duty: Console) -> None:
    with duty.database.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO remote_calendars (rota, source, next_at, fetched_at, error)
                VALUES ('cloud', 'x', now(), now(), 'calendar.example does not have it (HTTP 404)')
            """)
        )
    with sign_in(duty) as client:
        page = client.get("/oncall").text
        assert "the last good copy counts" in page and "does not have it (HTTP 404)" in page
        assert "letzte lesbare Fassung" in client.get("/oncall", headers={"Accept-Language": "de"}).text
