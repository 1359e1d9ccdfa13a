"""Web forms: who may call, what a call may hold, what of it is taken."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leitstand.errors import HookRefusedError
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest, Received
from listeners.sources.webform import MOST, Settings, receive

TOKEN = "a-token-of-the-form"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
JSON = {"content-type": "application/json"}


def call(body: object, *, headers: dict[str, str] | None = None, query: dict[str, str] | None = None) -> HookRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"authorization": f"Bearer {TOKEN}", **JSON} if headers is None else headers
    return HookRequest("POST", given, query or {}, content, NOW)


def at(**more: Any) -> Settings:
    return Settings.model_validate({"token": TOKEN, **more})


def taken(body: object, **more: Any) -> Batch:
    received = receive(at(), call(body, **more))
    assert received.rejected == ()
    assert received.batch is not None
    return received.batch


FULL = {
    "id": 4711,
    "message": "Acme ist\x00 kaputt",
    "subject": "Hilfe",
    "name": "Jo",
    "email": "Jo@Mail.example",
    "url": "https://shop.example/contact",
    "created_at": "2026-03-02T08:59:00+01:00",
}


def test_a_submission_becomes_a_message_of_its_sender() -> None:
    [mention] = taken(FULL).mentions
    assert (mention.channel, mention.external_id, mention.kind) == ("webform", "4711", "message")
    assert (mention.title, mention.author.name, mention.author.id) == ("Hilfe", "Jo", "jo@mail.example")
    assert mention.text.startswith("Acme ist")
    assert "\x00" not in mention.text
    assert mention.created_at == datetime(2026, 3, 2, 7, 59, tzinfo=UTC)


def test_only_the_message_is_needed_and_an_html_form_will_do() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    [mention] = taken(b"message=Acme+geht%20nicht&x=1", headers=headers, query={"token": TOKEN}).mentions
    assert mention.text == "Acme geht nicht"
    assert mention.created_at == NOW


def test_fields_may_have_other_names() -> None:
    settings = at(text_field="Nachricht", channel="shop")
    received = receive(settings, call({"Nachricht": "Acme"}))
    assert received.batch is not None
    assert received.batch.mentions[0].channel == "shop"


@pytest.mark.parametrize("name", ["webhook-id", "idempotency-key", ""])
def test_a_repeated_call_is_the_same_post(name: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", **({name: "one"} if name else {})}
    first, again = (taken({"message": "Acme", "name": "Jo"}, headers=headers).mentions[0] for _ in range(2))
    assert first.external_id == again.external_id
    other = taken({"message": "Acme!", "name": "Jo"}, headers={**headers, name: "two"}).mentions[0]
    assert other.external_id != first.external_id


def test_edits_and_deletes() -> None:
    rows = [{"id": "1", "message": "Acme neu", "action": "edited"}, {"id": "2", "action": "deleted"}]
    batch = taken({"submissions": rows})
    assert [(m.external_id, m.text) for m in batch.edits] == [("1", "Acme neu")]
    assert batch.deletes == (Gone("webform", "2"),)
    assert batch.mentions == ()


def test_one_bad_row_among_good_ones_harms_only_itself() -> None:
    bad: list[object] = [
        7, {}, {"message": ""}, {"message": ["x"]}, {"message": "a", "action": "eaten"}, {"action": "deleted"},
        {"message": "a", "created_at": "tomorrow"}, {"message": "a", "created_at": "2027-01-01T00:00:00Z"},
    ]  # fmt: skip
    received = receive(at(), call({"submissions": [{"message": "Acme 1"}, *bad, {"message": "Acme 2"}]}))
    assert received.batch is not None
    assert [m.text for m in received.batch.mentions] == ["Acme 1", "Acme 2"]
    assert [said.partition(":")[0] for said in received.rejected] == [f"submission {n}" for n in range(1, 9)]
    assert receive(at(), call({})) == Received(None, ("submission 0: there is no message",))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), ({"submissions": 7}, 400), ({"submissions": [{}] * (MOST + 1)}, 413)],
)
def test_what_is_no_call_is_refused_in_words(body: object, status: int) -> None:
    with pytest.raises(HookRefusedError) as caught:
        receive(at(), call(body))
    assert caught.value.status == status
    assert str(caught.value)


@pytest.mark.parametrize(
    ("headers", "query", "said"),
    [
        ({}, {}, "send the token"),
        ({"authorization": "Bearer wrong"}, {}, "not the listener's"),
        ({"authorization": f"Basic {TOKEN}"}, {}, "send the token"),
        ({"authorization": "Bearer \udcff"}, {}, "not the listener's"),
        ({}, {"token": TOKEN + "x"}, "not the listener's"),
    ],
)
def test_a_wrong_token_is_refused_in_words(headers: dict[str, str], query: dict[str, str], said: str) -> None:
    with pytest.raises(HookRefusedError, match=said) as caught:
        receive(at(), call(FULL, headers=headers, query=query))
    assert caught.value.status == 401
    assert TOKEN not in str(caught.value)


def test_signed_calls() -> None:
    secret = "the-secret-of-the-form"
    body = json.dumps(FULL).encode()
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    signed = Settings.model_validate({"secret": secret})
    assert receive(signed, call(body, headers={"x-hub-signature-256": right})).batch
    for headers in ({}, {"x-hub-signature-256": right[:-1]}, {"authorization": f"Bearer {secret}"}):
        with pytest.raises(HookRefusedError):
            receive(signed, call(body, headers=headers))
    with pytest.raises(HookRefusedError, match="is not right"):
        receive(signed, call(body + b" ", headers={"x-hub-signature-256": right}))


def test_standard_webhooks_with_the_vector_of_their_specification() -> None:
    signed = Settings.model_validate({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,xxxx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    then = datetime.fromtimestamp(1614265330, UTC)
    request = HookRequest("POST", headers, {}, b'{"test": 2432232314}', then)
    assert receive(signed, request).rejected == ("submission 0: there is no message",)
    with pytest.raises(HookRefusedError, match="five minutes"):
        receive(signed, HookRequest("POST", headers, {}, request.body, NOW))
    with pytest.raises(HookRefusedError, match="is not right"):
        receive(signed, HookRequest("POST", headers, {}, b"{}", then))
    with pytest.raises(HookRefusedError, match="not signed"):
        receive(signed, HookRequest("POST", {}, {}, request.body, then))


def test_settings_want_a_key_that_cannot_be_guessed() -> None:
    for values in ({}, {"token": "short"}, {"secret": "short"}):
        with pytest.raises(ValidationError):
            Settings.model_validate(values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "message", "submissions", "action", "created_at", "email", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(json_values | st.binary(max_size=40))
def test_garbage_is_refused_or_taken_but_never_a_crash(body: object) -> None:
    try:
        received = receive(at(), call(body))
    except HookRefusedError as error:
        assert error.status in (400, 413)
    else:
        nothing = body == [] or (isinstance(body, dict) and body.get("submissions") == [])
        assert received.batch or received.rejected or nothing
