"""Takes a batch of assessed mentions into cases: look, decide, apply, write. One call a transaction.

Locks are taken in one order everywhere (cases by number, then new keys of stories and of cases, each in their order,
the lock on stories last), so that no two batches can wait for each other in a circle. Whether a case is the only one of
its conversation, and a story the only one of its words, is decided by the unique indexes on keys: if another worker
took one of ours meanwhile, everything is undone and decided again on what is true now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from leitstand.errors import ServiceError
from leitstand.model import Notice
from leitstand.rows import Rows, array
from leitstand.statements import Statement
from triage import clocks, contacts, keys, merging, placing, ratings, records, timeline
from triage.changes import apply
from triage.decide import Decision, Ended, Held, Item, Move, decide, keys_of
from triage.grouping import conversation_keys, identity
from triage.incidents import held
from triage.ledger import Ledger
from triage.policy import Policy
from triage.runs import starting, stopping
from triage.telling import notices, starts
from triage.votes import vote_of

_ATTEMPTS = 20

_ATTEMPT: Final = Statement("SAVEPOINT attempt")
_GIVE_UP: Final = Statement("ROLLBACK TO SAVEPOINT attempt")
_KNOWN = Statement("SELECT mention_id FROM case_mentions WHERE mention_id = ANY(CAST(:ids AS bigint[]))")
_JOINED: Final = Rows({"mention_id": "bigint", "case_number": "bigint"})
_JOIN = Statement(
    f"INSERT INTO case_mentions (joined_at, {_JOINED.names})"  # noqa: S608  our own column names
    f" SELECT :now, {_JOINED.selected} FROM {_JOINED.source}"
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that was opened, and when its post was written and received."""

    number: int
    channel: str
    severity: str
    posted_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a batch. The notices belong into the outbox in the same transaction.

    `rated` are the mentions that rate the case they belong to, and say nothing else.
    """

    notices: tuple[Notice, ...] = ()
    opened: tuple[Opened, ...] = ()
    joined: int = 0
    ignored: int = 0
    rated: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the database says about the keys of a batch; the cases are locked."""

    held: dict[str, Held]
    earlier: dict[str, Ended]
    records: dict[int, records.CaseRecord]
    clocks: dict[int, clocks.Clocks]


def process(connection: Connection, items: Sequence[Item], policy: Policy, now: datetime) -> Outcome:
    """Open and join cases for the mentions. Mentions that already belong to a case are left alone."""
    items = _unseen(connection, items)
    if not items:
        return Outcome()
    known = contacts.facts(connection, items, policy, now)
    prints, incidents = placing.prints_of(items, policy), held.open_incidents(connection)
    for _ in range(_ATTEMPTS):
        _ATTEMPT.run(connection)
        told = placing.look(connection, prints, policy)
        loaded = _load(connection, items, keys_of(items, told.placed), policy, now)
        facts = placing.facts(connection, known, told)
        decisions = decide(items, loaded.held, policy, loaded.earlier, facts, told.placed)
        numbers = records.next_numbers(connection, -min((d.case for d in decisions), default=0))
        ledger = apply(decisions, loaded.records, loaded.clocks, numbers, policy, now)
        held.attach(ledger, incidents, policy.incidents.never_hold)
        if _claim(connection, ledger, told):
            whom = write(connection, ledger, loaded.clocks)
            whom += ratings.cast(connection, ledger.votes, policy, now)
            if placing.write(connection, told):
                whom += merging.absorb(connection, ledger.absorbed, policy, now)
                return _outcome(decisions, ledger, whom)
        _GIVE_UP.run(connection)
    raise ServiceError(f"grouping did not settle in {_ATTEMPTS} attempts: too many workers want the same conversations")


def _unseen(connection: Connection, items: Sequence[Item]) -> list[Item]:
    known = {number for (number,) in _KNOWN.rows(connection, {"ids": array([item.id for item, _ in items])})}
    return [pair for pair in items if pair[0].id not in known]


def _load(connection: Connection, items: Sequence[Item], wanted: list[str], policy: Policy, now: datetime) -> _Loaded:
    numbers, ended = keys.known(connection, wanted, [key for key in wanted if key.startswith("c:")])
    lately = records.ended_since(connection, ended.values(), now - policy.triage.reopen_within)
    rated = _rated(connection, items, ended, policy, now)
    cases = records.lock(connection, {*numbers, *lately, *rated})
    # Read again under the lock: what the cases held a moment ago may be released by now.
    held = {
        key: Held(number, _owner(case), at)
        for key, number, at in (keys.held(connection, wanted) if cases else ())
        if (case := cases.get(number)) is not None
    }
    former = keys.former(connection, lately, wanted)
    earlier = {
        key: replace(_ended(number, cases, number in lately, number in rated), keys=former.get(number, ()))
        for key, number in ended.items()
    }
    return _Loaded(held, earlier, cases, clocks.read(connection, cases))


def _rated(
    connection: Connection, items: Sequence[Item], ended: dict[str, int], policy: Policy, now: datetime
) -> list[int]:
    """The ended cases whose conversations a vote is cast in, if it is not too late for it."""
    voting = [item.mention for item, _ in items if not item.own and vote_of(item.mention, policy.votes)]
    about = {ended[key] for mention in voting for key in conversation_keys(mention) if key in ended}
    return records.ended_since(connection, about, now - policy.feedback.valid)


def _owner(case: records.CaseRecord) -> str:
    return f"{case.channel}:{identity(case.author)}"


def _ended(number: int, locked: dict[int, records.CaseRecord], again: bool, rated: bool) -> Ended:
    case = locked.get(number)
    if case is None:
        return Ended(number)
    over = case.state not in records.LIVE
    return Ended(number, _owner(case), over and again, over and rated)


def _claim(connection: Connection, ledger: Ledger, told: placing.Told) -> bool:
    """Store the new cases, and take the keys. False if another transaction was faster with a key."""
    records.insert(connection, [ledger.records[n] for n in ledger.opened])
    for number in ledger.reopened:
        given_away = [key for key, (taker, _) in ledger.takes.items() if taker != number]
        if not keys.retake(connection, number, given_away):
            return False
    if not placing.claim(connection, told):
        return False
    keys.release(connection, ledger.releases)
    return keys.take(connection, ledger.takes)


def write(connection: Connection, ledger: Ledger, before: dict[int, clocks.Clocks]) -> tuple[Notice, ...]:
    """Store everything else, start the escalation policies, and say whom to tell."""
    policy, now = ledger.policy, ledger.now
    keys.touch(connection, ledger.touches)
    records.update(connection, [ledger.records[n] for n in sorted(ledger.changed)])
    clocks.insert(connection, {number: ledger.clocks[number] for number in ledger.opened})
    clocks.write(connection, clocks.changed(before, {number: ledger.clocks[number] for number in before}))
    if ledger.mentions:
        _JOIN.run(connection, {"now": now, **_JOINED.parameters(ledger.mentions)})
    for number in sorted(ledger.raised):
        ledger.lines += stopping.supersede(connection, number, ledger.records[number].severity, policy, now)
    timeline.append(connection, ledger.lines)
    wanted = [start for start in starts(ledger) if start.policy in policy.escalation]
    cases = {start.case_number: ledger.snapshot(start.case_number) for start in wanted}
    told = starting.start(connection, wanted, cases, policy, now)
    return (*notices(ledger), *told)


def _outcome(decisions: Sequence[Decision], ledger: Ledger, told: tuple[Notice, ...]) -> Outcome:
    opened = [d.item.mention for d in decisions if d.move is Move.OPEN]
    return Outcome(
        told,
        tuple(
            Opened(n, m.channel, ledger.records[n].severity, m.created_at, m.received_at)
            for n, m in zip(ledger.opened, opened, strict=True)
        ),
        joined=len(ledger.mentions) - len(ledger.opened) - len(ledger.votes),
        ignored=ledger.ignored,
        rated=frozenset(mention for _, mention, _ in ledger.votes),
    )
