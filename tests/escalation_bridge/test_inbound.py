"""What a target may tell back: signed rightly, read, or refused in words."""

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from escalation_bridge.inbound import Call, read
from leitstand.errors import HookRefusedError
from leitstand.model import TargetAnswer

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoaXJ0eS10d28gcmFuZG9tIGJ5dGVz"
BODY = b'{"case": 27, "event": "accepted", "by": " Ann\\n Example ", "note": "ticket 5"}'


def standard(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers that any Standard Webhooks library makes."""
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def hub(body: bytes, algorithm: str = "sha256", secret: str = SECRET) -> dict[str, str]:
    header = {"sha256": "x-hub-signature-256", "sha1": "x-hub-signature"}[algorithm]
    return {header: f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"}


def told(body: bytes, headers: dict[str, str], secret: str = SECRET) -> TargetAnswer:
    return read("zammad", SecretStr(secret), Call(headers, body, NOW))


def refused(body: bytes, headers: dict[str, str]) -> int:
    with pytest.raises(HookRefusedError) as caught:
        told(body, headers)
    return caught.value.status


def test_a_standard_webhook_is_read() -> None:
    assert told(BODY, standard(BODY)) == TargetAnswer("zammad", "msg_1", 27, "accepted", "Ann Example", "ticket 5")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_body_s_hmac_will_do_with_an_id_in_it(algorithm: str) -> None:
    body = b'{"case": "#27", "event": "resolved", "id": 991}'
    assert told(body, hub(body, algorithm)) == TargetAnswer("zammad", "991", 27, "resolved")
    assert refused(BODY, hub(BODY, algorithm)) == 422


def test_a_secret_that_is_not_base64_is_its_bytes() -> None:
    plain = "a secret: not base64!"
    signed = b"msg_1." + str(int(NOW.timestamp())).encode() + b"." + BODY
    digest = hmac.digest(plain.encode(), signed, hashlib.sha256)
    headers = standard(BODY) | {"webhook-signature": "v1,b2xk v1," + b64encode(digest).decode()}
    assert told(BODY, headers, plain).case == 27


def test_what_is_not_signed_rightly_is_refused() -> None:
    for headers in (
        {},
        standard(BODY + b" "),
        standard(BODY, secret="whsec_" + "b3RoZXIgc2VjcmV0IG9mIHRoaXJ0eSB0d28gYnl0ZXM="),
        standard(BODY) | {"webhook-id": "msg_2"},
        standard(BODY) | {"webhook-signature": ""},
        standard(BODY) | {"webhook-signature": "v1,é"},
        standard(BODY) | {"webhook-timestamp": "soon"},
        {k: v for k, v in standard(BODY).items() if k != "webhook-id"},
        hub(BODY + b" "),
        hub(BODY, "sha1", "another secret"),
        {"authorization": f"Bearer {SECRET}"},
    ):
        assert refused(BODY, headers) == 401


def test_an_old_or_future_signature_is_refused() -> None:
    assert refused(BODY, standard(BODY, NOW - timedelta(minutes=6))) == 401
    assert refused(BODY, standard(BODY, NOW + timedelta(minutes=6))) == 401
    assert told(BODY, standard(BODY, NOW - timedelta(minutes=4))).case == 27


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"case": 27}',
        b'{"case": 27, "event": "eaten"}',
        b'{"case": 0, "event": "accepted"}',
        b'{"case": -1, "event": "accepted"}',
        b'{"case": "#{ticket.case}", "event": "accepted"}',
        b'{"case": 99999999999999999999, "event": "accepted"}',
        b'{"case": "00000000000000000001' + b"0" * 5_000 + b'", "event": "accepted"}',
        b'{"case": 1' + b"0" * 5_000 + b', "event": "accepted"}',
        b'{"case": 27, "event": "accepted", "id": "\\u0000"}',
        b'{"case": 27, "event": "accepted", "by": 5}',
    ],
)
def test_a_body_that_says_nothing_is_refused(body: bytes) -> None:
    assert refused(body, standard(body)) == 422


@given(case=st.one_of(st.integers(), st.text()), event=st.text(), by=st.text(), note=st.text(), name=st.text())
def test_whatever_is_said_is_read_or_refused(case: int | str, event: str, by: str, note: str, name: str) -> None:
    body = msgspec.json.encode({"case": case, "event": event or "accepted", "by": by, "note": note, "id": name})
    try:
        found = told(body, hub(body))
    except HookRefusedError as error:
        assert error.status == 422
    else:
        assert found.case > 0 and len(found.by) <= 100 and "\0" not in found.by + found.note
