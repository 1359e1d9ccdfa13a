"""Calls are signed, or refused with what is wrong about them."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from leitstand.errors import HookRefusedError
from leitstand.signatures import check_body, check_standard, same

SECRET = SecretStr("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def headers(body: bytes, at: datetime = NOW) -> dict[str, str]:
    signed = Webhook(SECRET.get_secret_value()).sign("msg_1", at, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signed}


@given(st.text(max_size=200))
def test_what_the_reference_library_signs_is_right(said: str) -> None:
    body = said.encode("utf-8", "replace")
    assert check_standard(SECRET, body, headers(body), NOW) == "msg_1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"webhook-id": "msg_2"}, "not right"),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, "not right"),
        ({"webhook-timestamp": "soon"}, "no time"),
        ({"webhook-timestamp": "9" * 5000}, "no time"),
        ({"webhook-signature": "v1,\udcff"}, "not right"),
        ({"webhook-signature": ""}, "not signed"),
        ({"webhook-id": ""}, "not signed"),
        ({"webhook-timestamp": ""}, "not signed"),
    ],
)
def test_a_call_that_was_changed_on_its_way_is_refused(change: dict[str, str], says: str) -> None:
    with pytest.raises(HookRefusedError, match=says):
        check_standard(SECRET, b"{}", headers(b"{}") | change, NOW)


def test_an_old_call_is_refused_and_one_of_several_signatures_is_enough() -> None:
    with pytest.raises(HookRefusedError, match="more than five minutes"):
        check_standard(SECRET, b"{}", headers(b"{}", NOW - timedelta(minutes=6)), NOW)
    several = headers(b"{}")
    several["webhook-signature"] = "v1,b2xk " + several["webhook-signature"]
    assert check_standard(SECRET, b"{}", several, NOW) == "msg_1"


def test_a_secret_may_lack_its_padding() -> None:
    bare = SecretStr(SECRET.get_secret_value().rstrip("="))
    assert bare != SECRET
    assert check_standard(bare, b"{}", headers(b"{}"), NOW) == "msg_1"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_the_hmac_of_a_body_in_hex(algorithm: str) -> None:
    digest = hmac.new(SECRET.get_secret_value().encode(), b"{}", getattr(hashlib, algorithm)).hexdigest()
    check_body(SECRET, b"{}", {"x-hub": f"{algorithm}={digest.upper()}".lower()}, "x-hub", algorithm)
    for wrong in (f"{algorithm}={digest[:-1]}", f"md5={digest}", ""):
        with pytest.raises(HookRefusedError):
            check_body(SECRET, b"{}", {"x-hub": wrong}, "x-hub", algorithm)


def test_equal_is_equal() -> None:
    assert same("a", "a")
    assert not same("a", "b")
