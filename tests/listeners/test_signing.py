"""Tokens are signed as RFC 7515 says; a key that is none is told without showing it."""

import pytest

pytest.importorskip("cryptography", reason="needs what the extras appstore and googleplay install")

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from leitstand.errors import FetchError
from listeners.signing import jwt
from tests.listeners.servers_keys import elliptic, opened, pem, rsa_key


def test_the_key_decides_on_the_algorithm() -> None:
    for key, algorithm in ((elliptic(), "ES256"), (rsa_key(), "RS256")):
        found = opened(jwt(pem(key), "k1", {"iss": "ä", "exp": 7}, extra="x"), key)
        assert found == ({"alg": algorithm, "typ": "JWT", "kid": "k1"}, {"iss": "ä", "exp": 7})


def test_line_ends_may_be_written_out_as_in_environment_variables() -> None:
    text = "  " + pem(elliptic()).replace("\n", "\\n")
    found = opened(jwt(text, "", {}, extra="x"), elliptic())
    assert found == ({"alg": "ES256", "typ": "JWT"}, {})


def test_what_is_no_key_of_this_kind_is_told_and_not_shown() -> None:
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in ("hush", "", "\ud800", pem(ec.generate_private_key(ec.SECP384R1())), other.decode()):
        with pytest.raises(FetchError, match="the private key is") as caught:
            jwt(text, "k", {}, extra="x")
        assert caught.value.permanent
        assert "hush" not in str(caught.value)
