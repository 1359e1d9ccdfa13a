"""The commands that look into the database: replay, cases, deliveries, listeners, on real PostgreSQL and Redis."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from listeners import store
from tests.console.commanding import Leitstand

pytestmark = pytest.mark.usefixtures("installation")


def test_replay_stores_what_matches_once(leitstand: Leitstand, installation: Path) -> None:
    sample = installation.parent / "sample.jsonl"
    first = leitstand("replay", sample)
    assert "12 lines read for ingest: 10 stored, 0 known before, 2 match no watchlist." in first.out
    assert "No daemon runs" in first.out
    again = leitstand("replay", sample, "--json").rows[0]
    assert (again["stored"], again["duplicates"], again["unmatched"], again["rejected"]) == (0, 10, 2, 0)


def test_replay_reports_a_bad_line_and_goes_on(leitstand: Leitstand, installation: Path) -> None:
    posts = installation.parent / "posts.jsonl"
    posts.write_text('{"id": 1, "text": "acme is down"}\nbroken\n{"text": "acme works", "channel": "x"}\n')
    ended = leitstand("replay", posts)
    assert ended.code == 1
    assert "posts.jsonl:2: skipped: not valid JSON" in ended.err
    assert "3 lines read for ingest: 2 stored, 0 known before, 0 match no watchlist, 1 rejected." in ended.out


def test_replay_takes_a_limit_and_another_listener(leitstand: Leitstand, installation: Path, database: Engine) -> None:
    sample = installation.parent / "sample.jsonl"
    assert leitstand("replay", sample, "--limit", "1", "--rate", "1000").code == 0
    with database.connect() as connection:
        assert connection.execute(text("SELECT listener, external_id FROM mentions")).all() == [("ingest", "s1")]
    ended = leitstand("replay", sample, "--listener", "fax")
    assert ended.code == 2
    assert "there is no listener 'fax'; known: ingest" in ended.err


def test_cases_lists_and_shows(handled: Leitstand) -> None:
    rows = handled("cases", "--json").rows
    assert len(rows) >= 5
    assert {row["state"] for row in rows} == {"new"}
    severe = handled("cases", "--severity", "sev1", "--json").rows
    assert severe and {row["severity"] for row in severe} == {"sev1"}
    assert f"{len(rows)} cases." in handled("cases").out
    number = severe[0]["number"]
    shown = handled("cases", number, "--json").rows[0]
    assert shown["case"]["number"] == number
    assert "opened" in {event["kind"] for event in shown["timeline"]}
    assert "opened as sev1" in " ".join(handled("cases", number).out.split())
    assert handled("cases", "--state", "closed").out == "No case.\n"


def test_a_case_that_is_not_there(leitstand: Leitstand) -> None:
    ended = leitstand("cases", "4711")
    assert (ended.code, ended.err) == (1, "there is no case 4711: `leitstand cases` lists them\n")


def test_deliveries_are_listed_and_dead_letters_go_out_again(handled: Leitstand, database: Engine) -> None:
    rows = handled("deliveries", "list", "--json").rows
    assert rows and {row["state"] for row in rows} == {"pending"}
    with database.begin() as connection:
        values = {"now": clock.now(), "id": rows[0]["id"]}
        connection.execute(text("UPDATE deliveries SET state = 'dead', ended_at = :now WHERE id = :id"), values)
    dead = handled("deliveries", "list", "--state", "dead", "--json").rows
    assert [row["id"] for row in dead] == [rows[0]["id"]]
    assert "dead" in handled("deliveries", "list", "--state", "dead").out
    assert "1 delivery goes out again" in handled("deliveries", "retry", rows[0]["id"]).out
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO target_status VALUES ('log', now() + interval '150 seconds', 'HTTP 503', 7, now())")
        )
    assert "log rests in 2m" in handled("deliveries", "list").out
    assert handled("deliveries", "retry", "--target", "log").out == "log rests no longer.\n"
    assert "rests" not in handled("deliveries", "list").out
    again = handled("deliveries", "retry", "--all")
    assert again.code == 1
    assert "No dead letter among them" in again.err


def test_listeners_tell_how_they_are(leitstand: Leitstand, installation: Path, database: Engine) -> None:
    assert "no word yet" in leitstand("listeners", "status").out
    assert leitstand("replay", installation.parent / "sample.jsonl").code == 0
    ended = leitstand("listeners", "status")
    assert ended.code == 0
    assert "10 posts wait to be assessed." in ended.out
    with database.begin() as connection:
        store.report_status(connection, "ingest", "a", error="HTTP 404", last_post_at=None, now=clock.now())
    down = leitstand("listeners", "status", "--json")
    assert down.code == 1
    assert {row["part"]: row["error"] for row in down.rows}["a"] == "HTTP 404"


def test_a_database_that_is_away_is_said_in_a_sentence(leitstand: Leitstand, installation: Path) -> None:
    installation.write_text(
        installation.read_text().replace('[database]\nurl = "', '[database]\nurl = "postgresql://x@127.0.0.1:1/x"\n# "')
    )
    ended = leitstand("cases")
    assert ended.code == 1
    assert "PostgreSQL cannot be used" in ended.err
    assert "Traceback" not in ended.err


def test_what_is_past_its_limit_is_counted_and_left(handled: Leitstand, installation: Path, database: Engine) -> None:
    assert handled("db", "retention").out == "Everything is kept for ever: [retention] sets no limit.\n"
    installation.write_text(installation.read_text() + '\n[retention]\nposts = "60d"\ncases = "60d"\n')
    with database.begin() as connection:
        connection.execute(text("UPDATE mentions SET received_at = received_at - interval '61 days'"))
        free = connection.scalar(
            text("SELECT count(*) FROM mentions WHERE id NOT IN (SELECT mention_id FROM case_mentions)")
        )
        numbers = connection.scalars(
            text("UPDATE cases SET state = 'closed', closed_at = now() - interval '61 days' RETURNING number")
        ).all()
        connection.execute(text("UPDATE deliveries SET state = 'sent'"))
        connection.execute(text("UPDATE escalation_runs SET state = 'resolved'"))
    assert free and numbers
    assert handled("db", "retention", "--json").rows == [{"posts": free, "cases": len(numbers)}]
    assert handled("db", "retention").out.startswith(f"Past their limit: {free} post")
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM cases")) == len(numbers)
