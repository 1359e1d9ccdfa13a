"""Calendars of rotas on the net, from a real server that changes, redirects, fails and talks nonsense."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand.settings import Rota, Settings
from monitoring.metrics import Metrics
from tests.triage.building import NOW, SETTINGS, policy
from triage import checks, overrides, remote_calendars
from workers import calendars

DAY = "2026-03-03"


def calendar(person: str) -> str:
    event = f"BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260303\nSUMMARY:{person}\nEND:VEVENT"
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}\nEND:VCALENDAR\n".replace("\n", "\r\n")


@dataclass
class Site:
    """What the server says; `asked` are the conditions it was asked with."""

    body: str = ""
    etag: str = '"1"'
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site(calendar("anna"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.headers.get("If-None-Match"))
            known = self.headers.get("If-None-Match") == state.etag and state.status == 200
            self.send_response(304 if known else state.status)
            for name, value in {"ETag": state.etag, **state.headers}.items():
                self.send_header(name, value)
            body = b"" if known else state.body.encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/private-key/basic.ics"
    yield state
    server.shutdown()
    server.server_close()


def rota(site: Site, **more: object) -> Rota:
    plain = {"people": ["ben"], "ical_url": site.url, "ical_allow_private": True}
    return Rota.model_validate({**plain, **more})


def look(database: Engine, entry: Rota, *, again: bool = True) -> Metrics:
    """One look; `again` makes it due."""
    metrics = Metrics(CollectorRegistry())
    if again:
        with database.begin() as connection:
            connection.execute(text("UPDATE remote_calendars SET next_at = now() - interval '1 second'"))
    asyncio.run(calendars.look({"desk": entry}, database, metrics))
    return metrics


def on_call(database: Engine, entry: Rota, at: str = f"{DAY}T12:00") -> str | None:
    targets = {name: {"kind": "log"} for name in ("anna", "ben", "cleo", "sev1-group", "desk", "manager")}
    rules = policy(targets=targets, rotas={"desk": entry.model_dump()})
    with database.connect() as connection:
        turns = overrides.applied(connection, rules, NOW).rotas["desk"]
    return turns.on_call(datetime.fromisoformat(at).replace(tzinfo=UTC))


def stands(database: Engine) -> remote_calendars.Copy:
    with database.connect() as connection:
        return remote_calendars.copies(connection, ["desk"])["desk"]


def test_it_is_fetched_and_says_who_is_on_call(database: Engine, site: Site) -> None:
    entry = rota(site)
    assert on_call(database, entry) == "ben", "before it has been fetched, the turns count"
    look(database, entry)
    assert on_call(database, entry) == "anna"
    assert on_call(database, entry, "2026-03-04T12:00") == "ben", "no event that day"


def test_what_has_not_changed_is_not_sent_again_and_what_has_is(database: Engine, site: Site) -> None:
    entry = rota(site)
    look(database, entry)
    look(database, entry)
    assert site.asked == [None, '"1"'] and on_call(database, entry) == "anna"
    site.body, site.etag = calendar("cleo"), '"2"'
    look(database, entry)
    assert on_call(database, entry) == "cleo"


def test_it_is_asked_in_its_turn_and_by_one(database: Engine, site: Site) -> None:
    entry = rota(site)
    for _ in range(3):
        look(database, entry, again=False)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, "", "cannot answer"),
        (404, "", "does not have it"),
        (200, "<html>please log in</html>", "no calendar that can be read"),
        (200, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n", "no calendar that can be read"),
        (200, calendar("anna\0"), "there is a NUL in it"),
        (200, calendar("anna\nRRULE:FREQ=YEARLY;INTERVAL=9999;COUNT=3"), "no calendar that can be read"),
        (200, calendar("anna\nDURATION:P9999999999D"), "beyond all calendars"),
        (200, "x" * 2_100_000, ""),
    ],
    ids=["broken", "gone", "a page", "cut off", "a NUL", "after all years", "longer than time", "too large"],
)
def test_the_last_good_copy_stays_and_the_failure_is_told(
    database: Engine, site: Site, status: int, body: str, said: str
) -> None:
    entry = rota(site)
    look(database, entry)
    before = stands(database).fetched_at
    site.status, site.body, site.etag = status, body, '"9"'
    metrics = look(database, entry)
    copy = stands(database)
    assert copy.error and said in copy.error and copy.fetched_at == before
    assert "private-key" not in copy.error, "an address may be a key"
    assert metrics.calendar_fetches.labels("desk", "failed")._value.get() == 1
    assert on_call(database, entry) == "anna"


def test_it_waits_longer_each_time_and_as_long_as_it_is_asked(database: Engine, site: Site) -> None:
    entry, waits = rota(site), []
    site.status = 503
    for asked in ({}, {}, {"Retry-After": "40000"}):
        site.headers = asked
        look(database, entry)
        with database.connect() as connection:
            waits.append(connection.execute(text("SELECT next_at - now() FROM remote_calendars")).scalar_one())
    assert timedelta(minutes=14) < waits[0] < timedelta(minutes=16)
    assert timedelta(minutes=29) < waits[1] < timedelta(minutes=31)
    assert waits[2] > timedelta(hours=11)


def test_another_address_begins_anew(database: Engine, site: Site) -> None:
    look(database, rota(site))
    other = rota(site, ical_url=site.url + "?other")
    assert on_call(database, other) == "ben", "the copy is of another address"
    look(database, other, again=False)
    assert site.asked == [None, None] and on_call(database, other) == "anna"


def test_a_private_network_is_asked_only_if_allowed(database: Engine, site: Site) -> None:
    look(database, rota(site, ical_allow_private=False))
    assert site.asked == [] and stands(database).error


def test_what_is_no_web_address_is_a_problem_of_the_configuration() -> None:
    broken = {**SETTINGS, "rotas": {"r": {"ical_url": "webcal://calendar.example/x"}}}
    said = [problem.message for problem in checks.problems(Settings.model_validate(broken))]
    assert any("must begin with https://" in message for message in said)


def test_it_is_looked_again_after_a_while_and_not_before(
    database: Engine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotas = {"desk": rota(site)}
    looks: list[object] = []

    async def looked(*_: object) -> None:
        looks.append(_)
        await asyncio.sleep(0)

    async def go() -> None:
        keeping = asyncio.create_task(calendars.keep_fresh(rotas, database, Metrics(CollectorRegistry())))
        for _ in range(20):
            await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    monkeypatch.setattr(calendars, "look", looked)
    asyncio.run(go())
    assert len(looks) == 1
