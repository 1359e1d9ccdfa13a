"""How Google's APIs say no: a message, and reasons in two places, of which each API uses what it likes."""

from typing import NamedTuple

import msgspec

from listeners.fetch import Page


class Refusal(NamedTuple):
    """What an answer says of itself; nothing where it cannot be read."""

    message: str = ""
    reasons: frozenset[str] = frozenset()


class _Reason(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    errors: list[_Reason] = []
    details: list[_Reason] = []


class _Failure(msgspec.Struct):
    error: _Error


def refusal(page: Page) -> Refusal:
    """Why an answer that is no success is none."""
    try:
        error = msgspec.json.decode(page.body, type=_Failure).error
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Refusal()
    return Refusal(error.message, frozenset(one.reason for one in (*error.errors, *error.details)))
