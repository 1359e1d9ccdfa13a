"""JSON Web Tokens signed with a private key (RFC 7515): ES256 with an elliptic key as Apple's, RS256 with Google's."""

# The library is an extra: types are checked without it too.
# mypy: disable-error-code="import-not-found"

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from leitstand.errors import FetchError

_NEEDS: Final = "a key signs with 'cryptography': pip install 'leitstand[{}]'"


def jwt(pem: str, key_id: str, claims: Mapping[str, str | int], *, extra: str) -> str:
    """A token with these claims. Raises FetchError for a key that is none, and without what `extra` installs."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  an optional extra
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise FetchError(_NEEDS.format(extra), permanent=True) from error
    try:
        # Whoever keeps a key in an environment variable writes its line ends as \n.
        key = serialization.load_pem_private_key(pem.replace("\\n", "\n").strip().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FetchError("the private key is not one as it was downloaded (-----BEGIN …)", permanent=True) from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        signed = _body("ES256", key_id, claims)
        numbers = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    elif isinstance(key, rsa.RSAPrivateKey):
        signed = _body("RS256", key_id, claims)
        signature = bytes(key.sign(signed, padding.PKCS1v15(), SHA256()))
    else:
        raise FetchError("the private key is of a kind that is not used for this", permanent=True)
    return f"{signed.decode()}.{_base64(signature).decode()}"


def _body(algorithm: str, key_id: str, claims: Mapping[str, str | int]) -> bytes:
    header = {"alg": algorithm, "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    return b".".join(_base64(json.dumps(one, separators=(",", ":")).encode()) for one in (header, claims))


def _base64(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")
