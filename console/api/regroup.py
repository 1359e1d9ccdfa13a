"""Merging and splitting cases: actions like others, for which the posts and what was understood of them are needed.

`merge`: `value` is the case that becomes part of this one. `split`: `value` are the mentions that become a case of
their own, with commas between.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from leitstand.errors import InputError
from listeners import store as mentions
from nlp import store as assessments
from triage import merging, splitting
from triage.actions import ACTIONS
from triage.in_hand import Acted
from triage.policy import Policy

_LARGEST: Final = 2**63 - 1
Regroup = Callable[[Connection, int, str, str, str, Policy, datetime], Acted]


def _merge(
    connection: Connection, number: int, value: str, actor: str, text: str, policy: Policy, now: datetime
) -> Acted:
    (other,) = _numbers(value, "the number of the other case", most=1)
    return merging.merge(connection, number, other, actor=actor, now=now, policy=policy, text=text)


def _split(
    connection: Connection, number: int, value: str, actor: str, text: str, policy: Policy, now: datetime
) -> Acted:
    leaving = _numbers(value, "the ids of the mentions that leave", most=10_000)
    ids = splitting.mentions_of(connection, number)
    understood = assessments.load(connection, ids)
    items = [(m, understood[m.id]) for m in mentions.load(connection, ids) if m.id in understood]
    return splitting.split(connection, number, leaving, items, actor=actor, now=now, policy=policy, text=text)


def _numbers(value: str, what: str, most: int) -> list[int]:
    said = value.replace(",", " ").split()
    if not said or len(said) > most or not all(s.isascii() and s.isdigit() and int(s[:20]) <= _LARGEST for s in said):
        raise InputError(f"must be {what}", "value")
    return [int(s) for s in said]


REGROUP: Final[dict[str, Regroup]] = {"merge": _merge, "split": _split}
KNOWN: Final = (*ACTIONS, *REGROUP)
