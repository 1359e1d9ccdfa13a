"""What targets tell back: a department has taken a case, gives it back, or has solved it. Pure.

    call ──► read(target, secret, call) ──► TargetAnswer
             └─ HookRefusedError: answered with its status, nothing done
A call is signed as Standard Webhooks say; or, by systems that can do only that, with the body's HMAC in
`X-Hub-Signature-256` or `X-Hub-Signature`. Those carry no time, so their `id` must be in the signed body: it is what
makes the same call, sent again by whomever, change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from pydantic import SecretStr

from leitstand.errors import HookRefusedError
from leitstand.model import TargetAnswer
from leitstand.signatures import check_body, check_standard

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
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20) or not 0 < int(digits) <= _LARGEST:
        raise HookRefusedError("`case` is not the number of a case", 422)
    return int(digits)


def _line(said: str, longest: int) -> str:
    return " ".join(said.replace("\0", " ").split())[:longest]


def _checked(secret: SecretStr, call: Call) -> str:
    """The id that the signature covers, "" where it stands in the body. Raises HookRefusedError."""
    if "webhook-signature" in call.headers:
        return check_standard(secret, call.body, call.headers, call.at)
    for header, algorithm in (("x-hub-signature-256", "sha256"), ("x-hub-signature", "sha1")):
        if header in call.headers:
            check_body(secret, call.body, call.headers, header, algorithm)
            return ""
    raise HookRefusedError("the call is not signed: see docs/answers.md", 401)
