"""Keys of our own making, and who checks what they sign: as Apple and Google do it with JSON Web Tokens."""

import json
import ssl
from base64 import urlsafe_b64decode
from datetime import timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

# Those who only read public feeds do without it.
pytest.importorskip("cryptography", reason="needs what the extras appstore and googleplay install")

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    CertificateBuilder,
    DNSName,
    IPAddress,
    Name,
    NameAttribute,
    SubjectAlternativeName,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from leitstand import clock


@cache
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server on this host with a certificate of its own making, which lies in `folder` as `certificate.pem`."""
    key, name = elliptic(), Name([NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = SubjectAlternativeName([DNSName("localhost"), IPAddress(ip_address("127.0.0.1"))])
    signed = (
        CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, SHA256())
    )  # fmt: skip
    (folder / "certificate.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_text(pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


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
