"""HEAD wherever GET is answered, 405 with every method of the address, and answers that are as they are described."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.console.running import ACT, LISTENER, READ, Console
from tests.console.visiting import CASES, act, get


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/api/openapi.json", CASES, "/api/v1/matrix", "/login", "/nothing"]
)
def test_head_is_get_without_the_body(console: Console, path: str) -> None:
    with console.client(READ) as client:
        head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.headers["content-type"]) == (whole.status_code, whole.headers["content-type"])
    assert whole.content
    assert head.content == b""


def test_head_of_the_stream_that_has_no_end_ends(open_console: Console) -> None:
    with open_console.client() as client:
        head = client.head("/live")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("OPTIONS", "/api/v1/silences", "GET, HEAD, POST"),
        ("DELETE", "/api/v1/escalations", "GET, HEAD, POST"),
        ("PUT", "/api/v1/oncall/overrides", "GET, HEAD, POST"),
        ("GET", "/api/v1/mentions", "POST"),
        ("HEAD", "/api/v1/mentions", "POST"),
        ("PUT", "/healthz", "GET, HEAD"),
        ("TRACE", "/readyz", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
    ],
)
def test_a_405_names_all_that_the_address_takes(console: Console, method: str, path: str, allow: str) -> None:
    with console.client(ACT) as client:
        refused = client.request(method, path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allow)


@pytest.mark.parametrize("content", [b'{"mentions": {}}', b'{"mentions": [{"text": "acme"}]}', b'{"text": "acme"}'])
def test_a_call_of_which_nothing_is_taken_is_answered_as_described(console: Console, content: bytes) -> None:
    with console.client(LISTENER) as client:
        refused = client.post("/api/v1/mentions", content=content)
    assert refused.status_code == 422
    described(console, "/api/v1/mentions", "post", "422").validate(refused.json())


def test_the_riskiest_escalations_are_told_as_described(console: Console) -> None:
    number = console.open_case()
    with console.client(ACT) as client:
        assert client.post("/api/v1/escalations", json={"case": number}).status_code == 201
    for state in ("open", "risky"):
        _, told = get(console, f"/api/v1/escalations?state={state}")
        assert len(told["escalations"]) == 1
        described(console, "/api/v1/escalations", "get", "200").validate(told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel", "X"), ("channel", "x\n"), ("external_id", ""), ("external_id", "i" * 501), ("text", ""),
        ("url", "acme"), ("url", "http://acme.example\n"), ("title", "t" * 1001), ("created_at", 5),
        ("language", "l" * 36), ("kind", "tweet"), ("author", {"followers": -1}), ("parent_id", 1),
        ("author", {"followers": 10**16}),
    ],
)  # fmt: skip
def test_what_the_description_refuses_is_refused(console: Console, field: str, value: object) -> None:
    good = {"channel": "x", "external_id": "1", "text": "acme"}
    _, document = get(console, "/api/openapi.json", "")
    content = document["paths"]["/api/v1/mentions"]["post"]["requestBody"]["content"]["application/json"]
    takes = Draft202012Validator({**content["schema"], "components": document["components"]})
    assert takes.is_valid(good)
    assert not takes.is_valid(good | {field: value})
    with console.client(LISTENER) as client:
        assert client.post("/api/v1/mentions", json=good | {field: value}).status_code == 422


@pytest.mark.parametrize("absent", ["url", "title", "created_at", "language", "kind", "author", "parent_id"])
def test_null_is_taken_as_described(console: Console, absent: str) -> None:
    mention = {"channel": "x", "external_id": absent, "text": "acme", absent: None}
    _, document = get(console, "/api/openapi.json", "")
    content = document["paths"]["/api/v1/mentions"]["post"]["requestBody"]["content"]["application/json"]
    assert Draft202012Validator({**content["schema"], "components": document["components"]}).is_valid(mention)
    with console.client(LISTENER) as client:
        assert client.post("/api/v1/mentions", json=mention).status_code == 202


def test_what_to_do_about_a_large_body_fits_what_was_sent(console: Console) -> None:
    number = console.open_case()
    with console.client(ACT) as client:
        refused = client.post(f"{CASES}/{number}/note", json={"text": "x" * 100_000})
    assert refused.status_code == 413
    assert refused.json() == {"error": "the body is larger than 100,000 bytes"}


@pytest.mark.parametrize("action", ["acknowledge", "assign", "pause", "label", "resolve", "close", "reply", "note"])
def test_only_what_the_description_names_changes_something_twice(console: Console, action: str) -> None:
    number = console.open_case()
    body = {"text": "soon"} if action in ("reply", "note") else {"value": "hold" if action == "pause" else "ann"}
    first, second = (act(console, number, action, body)[1]["revision"] for _ in range(2))
    _, document = get(console, "/api/openapi.json", "")
    told = document["paths"]["/api/v1/cases/{number}/{action}"]["post"]["summary"]
    assert (first != second) == (action in told.partition("all but")[2])


def described(console: Console, path: str, method: str, status: str) -> Any:
    """What validates an answer against its description."""
    _, document = get(console, "/api/openapi.json", "")
    schema = document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})
