"""The gauges of a real database, read with the stages' own summaries."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, Engine, create_engine, text

from escalation_bridge import ledger
from leitstand import clock
from leitstand.settings import ListenerSettings, Settings, TargetSettings
from listeners import cursors, pending
from monitoring.business import backlog_found, business_collector, listeners_found, targets_found
from monitoring.collector import StateCollector
from monitoring.gauges import MENTIONS_OLDEST, OUTBOX_OLDEST, TARGET_PAUSED
from monitoring.metrics import Metrics
from triage import views

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SETTINGS = Settings(
    listeners={
        "blogs": ListenerSettings(kind="feed"),
        "ingest": ListenerSettings(kind="api"),
        "old": ListenerSettings(kind="feed", enabled=False),
    },
    targets={"group": TargetSettings(kind="log"), "manager": TargetSettings(kind="log")},
)
ADD_CASE = text(
    "INSERT INTO cases (state, severity, team, channel, title, text, url, language, sentiment, urgency, intents,"
    " watchlists, author_id, author_handle, author_name, reasons, mention_count, posted_at, opened_at, updated_at)"
    " VALUES (:state,:severity,'t',:channel,'t','t','','en','negative',3,'{}','{}','','','','[]',1,:now,:now,:now)"
    " RETURNING number"
)
ADD_CLOCK = text(
    "INSERT INTO sla_clocks (case_number, name, state, started_at, budget, due_at, fire_at, warnings_left, policy,"
    " calendar, paused) VALUES (:number,:name,:state,:now,'1h',:due,:due,'{}','p','always','0')"
)
ADD_DELIVERY = text(
    "INSERT INTO deliveries (key, target, case_number, severity, type, reason, step, snapshot, state, created_at,"
    " next_attempt_at) VALUES (:key,:target,1,'sev1','case.opened','','','{}',:state,:at,:at)"
)


def collector(engine: Engine, metrics: Metrics | None = None) -> StateCollector:
    return business_collector(
        engine,
        SETTINGS,
        metrics or Metrics(CollectorRegistry()),
        open_cases=views.open_cases,
        seconds_to_next_breach=views.seconds_to_next_breach,
        targets=ledger.summary,
        listeners=cursors.states,
        backlog=pending.backlog,
        queues={"assess": lambda: 7},
        listening=["blogs"],
    )


def read(of: StateCollector) -> dict[str, float]:
    """Every sample but the build's, as `name value value`, without the prefix."""
    samples = [sample for family in of.collect() for sample in family.samples]
    return {" ".join([s.name.removeprefix("leitstand_"), *s.labels.values()]): s.value for s in samples}


def add_case(connection: Connection, severity: str, channel: str, state: str, clocks: Mapping[str, str]) -> None:
    now = clock.now()
    values = {"severity": severity, "channel": channel, "state": state, "now": now}
    number = connection.execute(ADD_CASE, values).scalar_one()
    for name, clock_state in clocks.items():
        due = now + timedelta(hours=number)
        connection.execute(ADD_CLOCK, {"number": number, "name": name, "state": clock_state, "now": now, "due": due})


def test_an_empty_house_is_known_to_be_empty(database: Engine) -> None:
    shown = read(collector(database))
    assert {part: shown[f"scrape_ok {part}"] for part in ("cases", "clocks", "outbox", "mentions", "listeners")} == {
        "cases": 1,
        "clocks": 1,
        "outbox": 1,
        "mentions": 1,
        "listeners": 1,
    }
    for name in ("mentions_pending", "mentions_oldest_seconds", "outbox_pending group", "dead_letters manager"):
        assert shown[name] == 0
    assert shown["listener_up blogs"] == 0 and "listener_up ingest" not in shown
    assert shown["listener_info ingest api"] == shown["listener_info blogs feed"] == 1
    assert not [
        name
        for name in shown
        if name.startswith(("cases_open", "sla_", "budget_", "incidents_")) or "old" in name.split()
    ]


def test_the_state_of_a_busy_house(database: Engine) -> None:
    now = clock.now()
    with database.begin() as connection:
        add_case(connection, "sev1", "x", "new", {"acknowledge": "running", "resolution": "running"})
        add_case(connection, "sev1", "x", "new", {"acknowledge": "running", "first_response": "met"})
        add_case(connection, "sev3", "blog", "closed", {})
        for key, state in enumerate(["pending", "sending", "unknown", "sent", "dead"]):
            values = {"key": str(key), "target": "group", "state": state, "at": now - timedelta(minutes=5)}
            connection.execute(ADD_DELIVERY, values)
        cursors.report_status(connection, "ingest", "", error="", last_post_at=None, now=now)
        cursors.report_status(connection, "blogs", "a", error="", last_post_at=None, now=now - timedelta(minutes=9))
        cursors.report_status(connection, "blogs", "b", error="410", last_post_at=None, now=now - timedelta(minutes=8))
        cursors.report_status(connection, "old", "", error="gone", last_post_at=None, now=now)
    shown = read(collector(database))
    assert {k: v for k, v in shown.items() if k.startswith("cases_open")} == {"cases_open sev1 x new": 2}
    assert 3500 < shown["sla_seconds_to_next_breach acknowledge"] <= 3600
    assert "sla_seconds_to_next_breach first_response" not in shown
    assert (shown["outbox_pending group"], shown["dead_letters group"], shown["queue_depth assess"]) == (3, 1, 7)
    assert 299 < shown["outbox_oldest_seconds group"] < 400
    assert (shown["listener_up ingest"], shown["listener_up blogs"]) == (1, 0)
    assert shown["listener_lag_seconds ingest"] == 0 and 479 < shown["listener_lag_seconds blogs"] < 600
    assert 539 < shown["listener_quiet_seconds blogs"] < 660
    assert not [name for name in shown if "old" in name.split()]


def test_a_channel_that_shows_up_starts_its_breaches_at_zero(database: Engine) -> None:
    with database.begin() as connection:
        add_case(connection, "sev2", "forum", "open", {})
    registry = CollectorRegistry()
    read(collector(database, Metrics(registry)))
    labels = {"clock": "first_response", "channel": "forum", "severity": "sev2"}
    assert registry.get_sample_value("leitstand_sla_breaches_total", labels) == 0


def test_without_the_database_the_queues_are_still_shown(tmp_path: Path) -> None:
    shown = read(collector(create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")))
    assert shown["queue_depth assess"] == 7
    assert {name: value for name, value in shown.items() if name.startswith("scrape_ok")} == {
        "scrape_ok cases": 0,
        "scrape_ok incidents": 0,
        "scrape_ok clocks": 0,
        "scrape_ok outbox": 0,
        "scrape_ok mentions": 0,
        "scrape_ok listeners": 0,
        "scrape_ok queues": 1,
    }


def test_a_summary_that_writes_or_dawdles_is_refused(database: Engine) -> None:
    def writes(connection: Connection) -> list[ledger.TargetSummary]:
        connection.execute(text("DELETE FROM deliveries"))
        return []

    def dawdles(connection: Connection) -> list[views.OpenCases]:
        connection.execute(text("SELECT pg_sleep(60)"))
        return []

    careless = business_collector(
        database,
        SETTINGS,
        Metrics(CollectorRegistry()),
        open_cases=dawdles,
        seconds_to_next_breach=views.seconds_to_next_breach,
        targets=writes,
        listeners=cursors.states,
        backlog=pending.backlog,
        queues={},
        listening=[],
    )
    shown = read(careless)
    assert (shown["scrape_ok cases"], shown["scrape_ok outbox"], shown["scrape_ok mentions"]) == (0, 0, 1)


def test_a_pause_ends_by_itself_and_an_age_is_never_negative() -> None:
    def at(target: str, until: datetime | None, oldest: datetime | None = None) -> ledger.TargetSummary:
        return ledger.TargetSummary(target, 0, 0, 0, oldest, 0, until, "")

    later, earlier = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
    found = targets_found([at("a", later, later), at("b", earlier, earlier), at("c", None)], ["d"], NOW)
    assert found[TARGET_PAUSED] == {("a",): 1, ("b",): 0, ("c",): 0, ("d",): 0}
    assert found[OUTBOX_OLDEST] == {("a",): 0, ("b",): 1, ("c",): 0, ("d",): 0}
    assert backlog_found(pending.Backlog(2, 0, NOW - timedelta(minutes=1)), NOW)[MENTIONS_OLDEST] == {(): 60}


def test_a_listener_nobody_configured_is_not_shown() -> None:
    both = [cursors.ListenerState(name, "", True, "", NOW, None, NOW) for name in ("stray", "blogs")]
    found = listeners_found(both, SETTINGS, [], NOW)
    shown = {label for series in found.values() for labels in series for label in labels}
    assert "blogs" in shown and "stray" not in shown
