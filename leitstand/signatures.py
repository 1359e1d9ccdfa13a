"""Whether a call made to us is signed: Standard Webhooks, and the body's HMAC as GitHub and Meta send it."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr

from leitstand.errors import HookRefusedError

TOLERANCE: Final = timedelta(minutes=5)
_WRONG = "is not right: is the secret the same on both sides?"


def same(given: str, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def check_body(secret: SecretStr, body: bytes, headers: Mapping[str, str], header: str, algorithm: str) -> None:
    """Raises HookRefusedError unless `header` is the algorithm's name, `=` and the HMAC of the body in hex.

    Such a signature covers no time: who receives it must take the same call, sent again, as the same.
    """
    given = headers.get(header, "")
    if not given:
        raise HookRefusedError(f"the call is not signed: there is no header {header}", 401)
    expected = hmac.new(secret.get_secret_value().encode(), body, algorithm).hexdigest()
    if not same(given.strip().lower(), f"{algorithm}={expected}"):
        raise HookRefusedError(f"the signature in {header} {_WRONG}", 401)


def check_standard(secret: SecretStr, body: bytes, headers: Mapping[str, str], at: datetime) -> str:
    """The id that the signature covers (Standard Webhooks: `webhook-id`, `-timestamp`, `-signature`, version v1).

    `headers` by their names in lower case, `at` is when the call came. Raises HookRefusedError unless one of the
    signatures is right and it was made within five minutes.
    """
    name, stamp, given = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (name and stamp and given):
        raise HookRefusedError(
            "the call is not signed: webhook-id, webhook-timestamp, webhook-signature are needed", 401
        )
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise HookRefusedError("webhook-timestamp is no time in seconds", 401)
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise HookRefusedError("the call was signed more than five minutes ago, or a clock is wrong", 401)
    signed = b".".join((name.encode("utf-8", "surrogateescape"), stamp.encode(), body))
    expected = b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()
    if not any(same(one, f"v1,{expected}") for one in given.split()):
        raise HookRefusedError(f"the signature {_WRONG}", 401)
    return name


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix("whsec_")
    if text != secret.get_secret_value():
        text += "=" * (-len(text) % 4)  # some leave the padding out
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        return text.encode()
