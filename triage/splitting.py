"""Some posts of a case become a case of their own, where what was taken for one thing is two.

They are judged as if they had just come; their stories are kept apart from then on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import MatchedMention
from triage import clocks, keys, records
from triage.cases import write
from triage.changes import apply
from triage.decide import Decision, Item, Move
from triage.grouping import author_keys, conversation_keys, story_key
from triage.in_hand import Act, Acted
from triage.in_hand import write as write_act
from triage.judgement import judge
from triage.ledger import Ledger
from triage.policy import Policy
from triage.records import LIVE
from triage.snapshot import snapshot
from triage.stories import parting

_MENTIONS = text("SELECT mention_id FROM case_mentions WHERE case_number = :number ORDER BY mention_id")
_LEAVE = text("DELETE FROM case_mentions WHERE mention_id = ANY(:mentions)")


def mentions_of(connection: Connection, number: int) -> list[int]:
    """The mentions of a case."""
    return list(connection.scalars(_MENTIONS, {"number": number}))


def split(
    connection: Connection,
    number: int,
    mentions: Iterable[int],
    items: Sequence[Item],
    *,
    actor: str,
    now: datetime,
    policy: Policy,
    text: str = "",
) -> Acted:
    """Make these mentions of an open case a case of their own; `items` are all mentions of the case.

    Returns the new case. Raises NotFoundError, StateError or InputError; then nothing is changed.
    """
    case = records.lock(connection, [number]).get(number)
    if case is None:
        raise NotFoundError(f"there is no case {number}")
    if case.state not in LIVE:
        raise StateError(f"case {number} is {case.state}; only open cases are split")
    moved, kept = _parted(items, set(mentions), mentions_of(connection, number), number)
    why = f": {text.strip()}" if text.strip() else ""
    ledger = _new_case(connection, moved, policy, now)
    (new,) = ledger.opened
    ledger.note(new, "split_off", f"split off case {number} by {actor}{why}", other=str(number))
    connection.execute(_LEAVE, {"mentions": [item.id for item, _ in moved]})
    records.insert(connection, [ledger.records[new]])
    _move_keys(connection, number, new, [i for i, _ in moved], [i for i, _ in kept])
    _part_stories(connection, number, new, moved, now)
    notices = write(connection, ledger, {})
    stored = clocks.read(connection, [number])[number]
    a = Act(connection, policy, now, actor, "", "", case, case, dict(stored))
    posts = ledger.records[new].mention_count
    a.set(mention_count=case.mention_count - posts)
    a.note("split", f"{posts} of its posts became case {new}, by {actor}{why}", other=str(new), posts=str(posts))
    left = write_act(a, stored)
    told = snapshot(ledger.records[new], ledger.clocks[new].values(), policy, now)
    return Acted(told, (*notices, *left.notices))


def _parted(
    items: Sequence[Item], wanted: set[int], stored: Sequence[int], number: int
) -> tuple[list[Item], list[Item]]:
    if not wanted:
        raise InputError("which mentions are to leave is missing", "value")
    strange = sorted(wanted - set(stored))
    if strange:
        raise InputError(f"case {number} has no mention {strange[0]}", "value")
    if wanted == set(stored):
        raise InputError("at least one mention must stay", "value")
    moved = [pair for pair in items if pair[0].id in wanted]
    if all(item.own for item, _ in moved):
        raise InputError("only the brand's own posts would leave", "value")
    return moved, [pair for pair in items if pair[0].id not in wanted]


def _new_case(connection: Connection, moved: Sequence[Item], policy: Policy, now: datetime) -> Ledger:
    """The first post by somebody else opens the case, the others join or answer it."""
    order = sorted(moved, key=lambda pair: (pair[0].own, pair[0].mention.created_at, pair[0].id))
    decisions = [
        Decision(item, assessment, judge(item, assessment, policy), _move(place, item), -1, "c:" if place else "")
        for place, (item, assessment) in enumerate(order)
    ]
    return apply(decisions, {}, {}, records.next_numbers(connection, 1), policy, now)


def _move(place: int, item: MatchedMention) -> Move:
    return Move.OPEN if place == 0 else Move.ANSWER if item.own else Move.JOIN


def _move_keys(
    connection: Connection, number: int, new: int, moved: Iterable[MatchedMention], kept: Iterable[MatchedMention]
) -> None:
    """What only the leaving posts have to do with goes with them."""
    keys.move(connection, number, new, sorted(_keys(moved) - _keys(kept)))


def _keys(items: Iterable[MatchedMention]) -> set[str]:
    found: set[str] = set()
    for item in items:
        found.update(conversation_keys(item.mention))
        found.update(() if item.own else author_keys(item.mention, item.watchlists))
    return found


def _part_stories(connection: Connection, number: int, new: int, moved: Sequence[Item], now: datetime) -> None:
    """The stories of the leaving posts are theirs; what their old stories are called now stays with the old case."""
    for own, remains in parting.split(connection, [item.id for item, _ in moved]):
        keys.move(connection, number, new, [story_key(own)])
        keys.take(connection, {story_key(own): (new, now)})
        if remains:
            keys.take(connection, {story_key(remains): (number, now)})
