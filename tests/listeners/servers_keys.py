"""Keys of our own making, and who checks what they sign: as Apple and Google do it with JSON Web Tokens."""

import json
from base64 import urlsafe_b64decode
from functools import cache
from typing import Any

import pytest

# Those who only read public feeds do without it.
pytest.importorskip("cryptography", reason="needs what the extras appstore and googleplay install")

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@cache
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def opened(token: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> tuple[Any, Any] | None:
    """Header and claims of a token; None unless this key signed it as its header says."""
    try:
        head, body, mark = token.split(".")
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        signed, signature = f"{head}.{body}".encode(), _bytes(mark)
        if isinstance(key, rsa.RSAPrivateKey):
            assert header["alg"] == "RS256"
            key.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())
        else:
            assert (header["alg"], len(signature)) == ("ES256", 64)
            halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.public_key().verify(utils.encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature):
        return None
    return header, claims


def _bytes(text: str) -> bytes:
    assert "=" not in text
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
