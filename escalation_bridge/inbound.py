"""What targets tell back: a department has taken a case, gives it back, or has solved it. Pure.

    call ──► read(target, secret, call) ──► TargetAnswer
             └─ HookRefusedError: answered with its status, nothing done
A call is signed as Standard Webhooks say; or, by systems that can do only that, with the body's HMAC in
`X-Hub-Signature-256` or `X-Hub-Signature`. Those carry no time, so their `id` must be in the signed body: it is what
makes the same call, sent again by whomever, change nothing.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from pydantic import SecretStr

from leitstand.errors import HookRefusedError
from leitstand.model import TargetAnswer

TOLERANCE: Final = timedelta(minutes=5)
_LONGEST_ID, _LONGEST_NAME, _LONGEST_NOTE, _LARGEST = 200, 100, 2000, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Call:
    """One call: headers by their names in lower case, the body as it came, and when."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Body(msgspec.Struct):
    """What a call says. `case` is our number of the case, `id` differs with every call that tells something new."""

    case: int | str
    event: Literal["accepted", "withdrawn", "resolved"]
    by: str = ""
    note: str = ""
    id: int | str = ""


def read(target: str, secret: SecretStr, call: Call) -> TargetAnswer:
    """Check and read one call. Raises HookRefusedError."""
    signed_id = _checked(secret, call)
    try:
        said = msgspec.json.decode(call.body, type=Body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise HookRefusedError(f"the body is not what it should be: {str(error)[:200]}", 422) from None
    given = str(said.id) or signed_id
    if not given or len(given) > _LONGEST_ID or "\0" in given:
        raise HookRefusedError(f"`id` is missing, or longer than {_LONGEST_ID} characters", 422)
    by, note = (_line(text, longest) for text, longest in ((said.by, _LONGEST_NAME), (said.note, _LONGEST_NOTE)))
    return TargetAnswer(target, given, _number(said.case), said.event, by, note)


def _number(said: int | str) -> int:
    digits = str(said).strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or not 0 < int(digits[:20]) <= _LARGEST:
        raise HookRefusedError("`case` is not the number of a case", 422)
    return int(digits)


def _line(said: str, longest: int) -> str:
    return " ".join(said.replace("\0", " ").split())[:longest]


def _checked(secret: SecretStr, call: Call) -> str:
    """The id that the signature covers, "" where it stands in the body. Raises HookRefusedError."""
    if "webhook-signature" in call.headers:
        return _standard(secret, call)
    for header, algorithm in (("x-hub-signature-256", "sha256"), ("x-hub-signature", "sha1")):
        if header in call.headers:
            key = secret.get_secret_value().encode()
            expected = f"{algorithm}={hmac.new(key, call.body, algorithm).hexdigest()}"
            return _right(call.headers[header].strip().lower(), expected)
    raise HookRefusedError("the call is not signed: see docs/answers.md", 401)


def _standard(secret: SecretStr, call: Call) -> str:
    name, stamp = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    if not name or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise HookRefusedError("webhook-id and webhook-timestamp (seconds) are needed", 401)
    if abs(call.at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise HookRefusedError("the call was signed more than five minutes ago, or a clock is wrong", 401)
    digest = hmac.digest(_key(secret), b".".join((name.encode(), stamp.encode(), call.body)), hashlib.sha256)
    expected = f"v1,{b64encode(digest).decode()}"
    for one in call.headers["webhook-signature"].split():
        if hmac.compare_digest(one.encode(), expected.encode()):
            return name
    return _right("", expected)


def _right(given: str, expected: str) -> str:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise HookRefusedError("the signature is not right: is the secret the same on both sides?", 401)
    return ""


def _key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix("whsec_")
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        return text.encode()
