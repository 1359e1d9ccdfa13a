"""The cases API, the probes and the description, over real HTTP."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from console.auth import Scope
from leitstand.model import Urgency
from monitoring.health import Part
from tests.console.running import INGEST, LISTENER, READ, TOKENS, Console, routes, running, settings
from tests.console.visiting import CASES, act, get

PROMISED = {
    "number", "state", "severity", "traffic_light", "channel", "team", "title", "opened_at", "mention_count", "author",
    "watchlists", "reasons", "clocks",
}  # fmt: skip


def test_a_case_has_what_is_promised(console: Console) -> None:
    number = console.open_case(minutes=3)
    status, body = get(console, CASES)
    assert status == 200
    assert body["next"] is None
    [case] = body["cases"]
    assert set(case) >= PROMISED
    assert (case["number"], case["state"], case["severity"]) == (number, "new", "sev2")
    assert case["clocks"]["acknowledge"]["state"] == "running"
    assert case["opened_at"].endswith("Z")
    assert datetime.fromisoformat(case["clocks"]["acknowledge"]["due_at"]).tzinfo is not None
    assert {reason["about"] for reason in case["reasons"]} >= {"urgency", "severity", "sla"}


def test_one_case_comes_with_timeline_and_posts(console: Console) -> None:
    number = console.open_case(words="acme cloud is down")
    status, body = get(console, f"{CASES}/{number}")
    assert status == 200
    assert set(body) >= PROMISED | {"timeline", "mentions", "tags"}
    assert [event["kind"] for event in body["timeline"]] == ["opened"]
    [post] = body["mentions"]
    assert post["mention"]["text"] == "acme cloud is down"
    assert post["assessment"]["reasons"][0]["cue"] == "outage"


def test_pages_follow_each_other_without_gap_or_overlap(console: Console) -> None:
    numbers = [console.open_case(author=f"a{i}") for i in range(5)]
    seen, path = [], f"{CASES}?limit=2"
    for _ in range(3):
        _, body = get(console, path)
        seen += [case["number"] for case in body["cases"]]
        path = f"{CASES}?limit=2&cursor={body['next']}"
    assert seen == numbers[::-1]
    assert body["next"] is None


def test_filters(console: Console) -> None:
    worst = console.open_case(urgency=Urgency.CRITICAL, author="a")
    mild = console.open_case(urgency=Urgency.NORMAL, author="b", channel="mastodon")
    act(console, mild, "resolve")

    def found(query: str) -> list[int]:
        return [case["number"] for case in get(console, f"{CASES}?{query}")[1]["cases"]]

    assert found("severity=sev1") == [worst]
    assert found("severity=sev1,sev3") == [mild, worst]
    assert found("state=resolved") == [mild]
    assert found("state=new&state=open") == [worst]
    assert found("channel=mastodon") == [mild]
    assert found("team=cloud-support") == [mild, worst]
    assert found("team=nobody") == []
    assert (found("review=true"), found("review=false")) == ([], [mild, worst])


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("state=sleeping", "state", "waiting"),
        ("severity=sev9", "severity", "sev1, sev2"),
        ("limit=0", "limit", "200"),
        ("limit=many", "limit", "200"),
        ("cursor=Zm9v", "cursor", "cursor"),
        ("review=maybe", "review", "true or false"),
        ("team=a%00b", "team", "NUL"),
        ("colour=red", "colour", "known: state"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(console: Console, query: str, field: str, words: str) -> None:
    status, body = get(console, f"{CASES}?{query}")
    assert (status, body["field"]) == (422, field)
    assert words in body["error"]


@pytest.mark.parametrize("number", ["999999", "0", "abc", "-1", "9" * 30, "%00"])
def test_no_such_case(console: Console, number: str) -> None:
    status, body = get(console, f"{CASES}/{number}")
    assert status == 404
    assert "no case" in body["error"]


def test_acknowledging_tells_who_and_twice_is_once(console: Console) -> None:
    number = console.open_case()
    status, case = act(console, number, "acknowledge")
    assert (status, case["state"], case["acknowledged_by"], case["changed"]) == (200, "open", "desk", True)
    assert case["clocks"]["acknowledge"]["state"] == "met"
    status, case = act(console, number, "acknowledge")
    assert (status, case["changed"]) == (200, False)
    assert [e["kind"] for e in get(console, f"{CASES}/{number}")[1]["timeline"]] == ["opened", "acknowledged"]


def test_whom_to_tell_is_committed_with_the_action(console: Console) -> None:
    number = console.open_case()
    act(console, number, "resolve", {"text": "fixed"})
    with console.database.connect() as connection:
        rows = connection.execute(text("SELECT target, case_number, reason FROM deliveries")).all()
    assert [(r.target, r.case_number) for r in rows] == [("desk", number)]
    assert "fixed" in rows[0].reason


def test_a_note_keeps_its_words(console: Console) -> None:
    number = console.open_case()
    assert act(console, number, "note", {"text": "called them — Grüße"})[0] == 200
    assert get(console, f"{CASES}/{number}")[1]["timeline"][-1]["text"] == "called them — Grüße"


@pytest.mark.parametrize(
    ("action", "body", "status", "words"),
    [
        ("note", None, 422, "note is missing"),
        ("note", b'{"text": ', 400, "not valid JSON"),
        ("note", b'{"text": "a\\u0000b"}', 422, "NUL"),
        ("note", b'{"words": "a"}', 422, "words"),
        ("note", {"text": 7}, 422, "text"),
        ("note", {"text": "a" * 10_001}, 422, "10000"),
        ("note", b" " * 100_001, 413, "larger"),
        ("reopen", None, 200, ""),
        ("explode", None, 404, "acknowledge"),
        ("forward", {"value": "nowhere"}, 422, "desk"),
    ],
)
def test_bad_actions_say_what_is_wrong(console: Console, action: str, body: object, status: int, words: str) -> None:
    found, answer = act(console, console.open_case(), action, body)
    assert found == status
    assert words in answer.get("error", "")


def test_an_action_that_the_state_does_not_allow(console: Console) -> None:
    number = console.open_case()
    act(console, number, "resolve")
    status, body = act(console, number, "acknowledge")
    assert status == 409
    assert "resolved" in body["error"]


@pytest.mark.parametrize(("token", "status"), [("", 401), ("wrong", 401), (INGEST, 403), (LISTENER, 403)])
def test_reading_needs_the_scope_read(console: Console, token: str, status: int) -> None:
    console.open_case()
    found, body = get(console, CASES, token)
    assert (found, set(body) <= {"error", "field"}) == (status, True)


def test_acting_needs_the_scope_act(console: Console) -> None:
    number = console.open_case()
    assert act(console, number, "acknowledge", token=READ)[0] == 403
    assert act(console, number, "acknowledge", token="")[0] == 401
    assert get(console, f"{CASES}/{number}")[1]["state"] == "new"


def test_without_any_token_the_api_says_how_to_get_one(open_console: Console) -> None:
    with open_console.client() as client:
        response = client.get(CASES)
    assert response.status_code == 401


def test_an_unknown_address_under_api_is_json(console: Console) -> None:
    status, body = get(console, "/api/v2/everything")
    assert (status, body) == (404, {"error": "Not Found"})


def test_readiness_tells_part_by_part(database: Engine, redis_url: str, tmp_path: Path) -> None:
    parts = [Part("schema", "down", "run `leitstand db upgrade`"), Part("redis", "impaired", "away")]
    with running(settings(tmp_path), database, redis_url, parts=parts) as console:
        status, body = get(console, "/readyz", "")
        assert status == 503
        assert body["parts"]["schema"] == {"ready": False, "state": "down", "detail": "run `leitstand db upgrade`"}
        assert body["parts"]["redis"]["ready"] is True
        assert get(console, "/healthz", "")[0] == 200


def test_on_a_database_that_is_not_migrated_calls_say_so(database: Engine, redis_url: str, tmp_path: Path) -> None:
    empty = create_engine(database.url, connect_args={"options": "-c search_path=pg_catalog"})
    with running(settings(tmp_path, tokens=dict(TOKENS)), empty, redis_url) as console:
        status, body = get(console, CASES)
    empty.dispose()
    assert status == 503
    assert "leitstand db upgrade" in body["error"]


def test_the_description_is_complete_and_its_references_lead_somewhere(console: Console) -> None:
    status, document = get(console, "/api/openapi.json", "")
    assert status == 200
    told = {(path, method) for path, item in document["paths"].items() for method in item}
    served = {
        (route.path, method.lower())
        for route in routes(console)
        if getattr(route, "include_in_schema", False)
        for method in route.methods - {"HEAD"}
    }
    assert told == served
    names = set(document["components"]["schemas"])
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in names
    examples = document["paths"]["/api/v1/mentions"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        with console.client(LISTENER) as client:
            assert client.post("/api/v1/mentions", json=example["value"]).status_code == 202
    assert {s.value for s in Scope} >= {"read", "act", "ingest"}


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []
