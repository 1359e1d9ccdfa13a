"""/hooks/<target>/case over real HTTP: signed, once per id, on the timeline, only about what the target was sent."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from leitstand import clock
from leitstand.model import ClockName, ClockState
from tests.console.running import ACT, TOKENS, Console, empty, running, settings
from tests.console.visiting import sign_in
from triage import clocks, timeline
from workers.embedded import redis_url as embedded_redis_url

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXJ0eS10d28gcmFuZG9tIGJ5dGVz"


@pytest.fixture(scope="module")
def _called(console_database: Engine, services: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    targets = {"desk": {"kind": "log"}, "zammad": {"kind": "log", "callback_secret": SECRET}}
    sla = [{"forward_accepted": "3h", "first_response": "1h"}]
    folder = tmp_path_factory.mktemp("called")
    config = settings(folder, tokens=dict(TOKENS), targets=targets, sla=sla)
    with running(config, console_database, embedded_redis_url(services)) as found:
        yield found


@pytest.fixture
def called(_called: Console, redis_url: str) -> Console:
    empty(_called.database)
    return _called


@pytest.fixture
def number(called: Console) -> int:
    """A case that was forwarded to zammad."""
    opened = called.open_case()
    with called.client(ACT) as client:
        client.post(f"/api/v1/cases/{opened}/forward", json={"value": "zammad"}).raise_for_status()
    return opened


def post(
    console: Console, body: dict[str, object], *, at: datetime | None = None, secret: str = SECRET
) -> httpx.Response:
    """A call signed by the library that a target would use."""
    raw, now = msgspec.json.encode(body), at or clock.now()
    headers = {
        "webhook-id": str(body.get("id", "msg")),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(str(body.get("id", "msg")), now, raw.decode()),
    }
    with console.client(**headers) as client:
        return client.post("/hooks/zammad/case", content=raw)


def accepting(console: Console, number: int) -> tuple[ClockState, int]:
    """The clock of the hand-over, and how many lines tell of its acceptance."""
    with console.database.connect() as connection:
        stored = clocks.read(connection, [number])[number][ClockName.FORWARD_ACCEPTED]
        lines = [e for e in timeline.read(connection, number) if e.kind == "accepted"]
    return stored.state, len(lines)


def test_a_call_stops_the_clock_and_is_on_the_timeline_once(called: Console, number: int) -> None:
    said: dict[str, object] = {"case": number, "event": "accepted", "by": "Bea", "id": "20441-1"}
    first, again = post(called, said), post(called, said)
    assert (first.status_code, first.json()) == (200, {"case": number, "state": "new", "changed": True})
    assert (again.status_code, again.json()["changed"]) == (200, False)
    assert accepting(called, number) == (ClockState.MET, 1)


def test_what_is_solved_there_is_resolved_here_and_told(called: Console, number: int) -> None:
    assert post(called, {"case": str(number), "event": "resolved"}).json()["state"] == "resolved"
    with called.database.connect() as connection:
        told = connection.scalars(text("SELECT reason FROM deliveries WHERE target = 'desk' ORDER BY id")).all()
    assert told[-1] == "resolved by zammad"


def test_wrong_signatures_and_old_calls_change_nothing(called: Console, number: int) -> None:
    said: dict[str, object] = {"case": number, "event": "accepted", "id": "1"}
    other = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIHRoaXJ0eSB0d28gYnl0ZXM="
    assert post(called, said, secret=other).status_code == 401
    assert post(called, said, at=clock.now() - timedelta(minutes=10)).status_code == 401
    with called.client(ACT) as client:
        assert client.post("/hooks/zammad/case", json=said).status_code == 401
    assert accepting(called, number) == (ClockState.RUNNING, 0)


def test_a_target_speaks_only_of_what_it_was_sent(called: Console, number: int) -> None:
    other = called.open_case(minutes=5, author="ben")
    found = post(called, {"case": other, "event": "resolved", "id": "1"})
    assert (found.status_code, found.json()["field"]) == (404, "case")
    assert post(called, {"case": 10**9, "event": "resolved", "id": "2"}).status_code == 404


def test_what_comes_by_telephone_is_entered_on_the_case_s_page(called: Console, number: int) -> None:
    with sign_in(called) as client:
        assert "The department hands it back" in client.get(f"/cases/{number}").text
        client.post(f"/cases/{number}/accept", data={"value": "Bea", "text": "ticket 5"})
        page = client.get(f"/cases/{number}").text
        assert "accepted by Bea: ticket 5 (forward accepted met" in page
        assert "The department hands it back" not in page
        client.post(f"/cases/{number}/forward", data={"value": "zammad"})
        client.post(f"/cases/{number}/return", data={"text": "not ours"})
        assert "handed back by Ana Costa (desk): not ours" in client.get(f"/cases/{number}").text


def test_who_has_no_secret_takes_no_calls(called: Console, number: int) -> None:
    with called.client() as client:
        assert client.post("/hooks/desk/case", json={}).status_code == 404
        assert client.post("/hooks/nobody/case", json={}).status_code == 404
        assert client.get("/hooks/zammad/case").status_code in (404, 405)


def test_a_body_that_is_wrong_says_so(called: Console, number: int) -> None:
    found = post(called, {"case": number, "event": "eaten"})
    assert found.status_code == 422 and "eaten" in found.json()["error"]
