"""What targets have of cases that go, or whose author is erased: who is asked to take back what.

The request is a notice like any other: committed with what causes it, sent once, tried again, kept where it fails. It
goes after all that tells somebody something.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, text

from escalation_bridge import outbox
from leitstand import plugins
from leitstand.model import Author, CaseSnapshot, Notice, NoticeType
from leitstand.settings import TargetSettings

REASON: Final = "the case is no longer kept: remove what you keep of it"
ERASED: Final = "the author's data was erased: this message is taken back"
# A target that takes no more than one a second is done with so many in ten minutes.
AT_ONCE = 500
# So long a request that failed can be sent again: then the case goes although a copy of it stays.
HELD = timedelta(days=7)

# What changes a message of before has no message of its own.
_COPIES = text("""
    SELECT DISTINCT ON (target, case_number, remote_id)
      target, case_number, id, remote_id, room, snapshot::text AS snapshot
    FROM deliveries
    WHERE case_number = ANY(:numbers) AND target = ANY(:targets) AND letter IS NULL
      AND type <> 'case.forgotten' AND (state = 'sent' OR state = 'dead' AND attempts > 0)
    ORDER BY target, case_number, remote_id, id DESC
""")
_THERE = text("SELECT key FROM deliveries WHERE key = ANY(:keys)")
_WAITING = text("""
    SELECT target, count(*) AS waiting FROM deliveries
    WHERE target = ANY(:targets) AND state IN ('pending', 'sending', 'unknown') AND type = 'case.forgotten'
    GROUP BY target
""")
_MESSAGES = text("""
    SELECT d.target, d.case_number, d.id, d.room FROM deliveries AS d
    LEFT JOIN delivery_threads AS t ON t.target = d.target AND t.case_number = d.case_number
    WHERE d.case_number = ANY(:numbers) AND d.target = ANY(:targets) AND d.letter IS NULL
      AND d.type NOT IN ('case.forgotten', 'case.updated', 'case.closed')
      AND (d.state = 'sent' AND d.remote_id <> '' AND d.remote_id IS DISTINCT FROM t.remote_id
        OR d.state IN ('sending', 'unknown') AND t.remote_id IS NOT NULL)
    ORDER BY d.id
""")
_NOT_REMOVED = text("""
    SELECT DISTINCT case_number, target FROM deliveries
    WHERE case_number = ANY(:numbers) AND type = 'case.forgotten' AND state = 'dead' ORDER BY 1, 2
""")

Can = Literal["messages", "case"]
NOBODY: Final[Mapping[str, Can]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Copy:
    target: str
    case_number: int
    id: int
    remote_id: str
    room: str
    snapshot: str


def able(targets: Mapping[str, TargetSettings]) -> dict[str, Can]:
    """Those of the targets that can take back what they were told, and how they are asked."""
    return {name: how for name, how in _removes(targets).items() if how in ("messages", "case")}


def unable(targets: Mapping[str, TargetSettings]) -> list[str]:
    """Those that keep what people wrote."""
    return [name for name, how in _removes(targets).items() if not how]


def ask(connection: Connection, numbers: Sequence[int], targets: Mapping[str, Can], now: datetime) -> set[int]:
    """Ask for what was not asked for yet; the cases that wait for it. At a target only so many wait at once."""
    rows = connection.execute(_COPIES, {"numbers": list(numbers), "targets": list(targets)})
    wanted = {outbox.key(notice): notice for notice in requests([_Copy(*row) for row in rows], targets)}
    there = set(connection.scalars(_THERE, {"keys": list(wanted)}))
    missing = [notice for key, notice in wanted.items() if key not in there]
    if missing:
        outbox.add(connection, within(missing, _room(connection, targets)), now)
    return {notice.case.number for notice in missing}


def requests(copies: Iterable[_Copy], targets: Mapping[str, Can]) -> list[Notice]:
    """One for each message, the youngest first, or one for the case; new ones where more was told since. Pure."""
    found: dict[tuple[str, int, int], Notice] = {}
    for one in sorted(copies, key=lambda c: -c.id):
        by_message = targets[one.target] == "messages"
        if one.remote_id or not by_message:
            message = one.id if by_message else 0
            found.setdefault((one.target, one.case_number, message), _request(one, message))
    return list(found.values())


def within(notices: Iterable[Notice], room: Mapping[str, int]) -> list[Notice]:
    """As many as there is room for at each target. Pure."""
    left, taken = dict(room), []
    for notice in notices:
        if left[notice.target] > 0:
            left[notice.target] -= 1
            taken.append(notice)
    return taken


def take_back(
    connection: Connection, cases: Collection[CaseSnapshot], targets: Mapping[str, Can], now: datetime
) -> None:
    """Of cases that stay, whose author is erased: every message but the first, which is told that it changed."""
    known, asked = {case.number: case for case in cases}, [name for name, how in targets.items() if how == "messages"]
    rows = connection.execute(_MESSAGES, {"numbers": list(known), "targets": asked})
    notices = [
        Notice(
            row.target, known[row.case_number], NoticeType.CASE_FORGOTTEN, f"forgotten:{row.id}", ERASED,
            room=row.room, withdraws=row.id,
        )
        for row in rows
    ]  # fmt: skip
    outbox.add(connection, notices, now)


def not_removed(connection: Connection, numbers: Sequence[int]) -> list[tuple[int, str]]:
    """The cases, and the targets that did not take back what they have of them."""
    return [(row.case_number, row.target) for row in connection.execute(_NOT_REMOVED, {"numbers": list(numbers)})]


def emptied(case: CaseSnapshot) -> CaseSnapshot:
    """The case without what was written and by whom."""
    return replace(case, title="[deleted]", text="", url="", author=Author(), reasons=(), risk=None)


def _removes(targets: Mapping[str, TargetSettings]) -> dict[str, Any]:
    return {name: plugins.load(plugins.TARGETS, entry.kind).ABOUT.removes for name, entry in targets.items()}


def _request(one: _Copy, message: int) -> Notice:
    case = emptied(msgspec.json.decode(one.snapshot, type=CaseSnapshot))
    room = one.room if message else ""
    return Notice(
        one.target, case, NoticeType.CASE_FORGOTTEN, f"forgotten:{one.id}", REASON, room=room, withdraws=message
    )


def _room(connection: Connection, targets: Mapping[str, Can]) -> dict[str, int]:
    rows = connection.execute(_WAITING, {"targets": list(targets)})
    waiting = {row.target: row.waiting for row in rows}
    return {name: AT_ONCE - waiting.get(name, 0) for name in targets}
