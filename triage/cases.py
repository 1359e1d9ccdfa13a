"""Takes a batch of assessed mentions into cases: load, decide, apply, write. One call a transaction.

Locks are taken in one order everywhere (cases by number, then new keys by name), so that no two batches can wait for
each other in a circle. Whether a case is the only one of its conversation is decided by the unique index on held keys:
if another worker took one of ours meanwhile, everything is undone and decided again on what is true now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import ServiceError
from leitstand.model import Notice
from triage import clocks, contacts, keys, records, runs, timeline
from triage.changes import Ledger, apply, notices, starts
from triage.decide import Decision, Held, Item, Move, decide, keys_of
from triage.escalations import superseded_by
from triage.grouping import identity
from triage.policy import Policy

_ATTEMPTS = 20

_KNOWN = text("SELECT mention_id FROM case_mentions WHERE mention_id = ANY(:ids)")
_JOIN = text("""
    INSERT INTO case_mentions (mention_id, case_number, joined_at)
    SELECT m, c, :now FROM unnest(CAST(:mentions AS bigint[]), CAST(:cases AS bigint[])) AS r(m, c)
""")


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
    """What came of a batch. The notices belong into the outbox in the same transaction."""

    notices: tuple[Notice, ...] = ()
    opened: tuple[Opened, ...] = ()
    joined: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the database says about the keys of a batch; the cases are locked."""

    held: dict[str, Held]
    earlier: dict[str, int]
    records: dict[int, records.CaseRecord]
    clocks: dict[int, clocks.Clocks]


def process(connection: Connection, items: Sequence[Item], policy: Policy, now: datetime) -> Outcome:
    """Open and join cases for the mentions. Mentions that already belong to a case are left alone."""
    items = _unseen(connection, items)
    if not items:
        return Outcome()
    known = contacts.facts(connection, items, policy, now)
    for _ in range(_ATTEMPTS):
        with connection.begin_nested() as attempt:
            loaded = _load(connection, keys_of(items))
            decisions = decide(items, loaded.held, policy, loaded.earlier, known)
            numbers = records.next_numbers(connection, -min((d.case for d in decisions), default=0))
            ledger = apply(decisions, loaded.records, loaded.clocks, numbers, policy, now)
            if _claim(connection, ledger):
                told = _write(connection, ledger, loaded.clocks)
                return _outcome(decisions, ledger, told)
            attempt.rollback()
    raise ServiceError(f"grouping did not settle in {_ATTEMPTS} attempts: too many workers want the same conversations")


def _unseen(connection: Connection, items: Sequence[Item]) -> list[Item]:
    known = set(connection.scalars(_KNOWN, {"ids": [item.id for item, _ in items]}))
    return [pair for pair in items if pair[0].id not in known]


def _load(connection: Connection, wanted: list[str]) -> _Loaded:
    numbers = keys.holders(connection, wanted)
    cases = records.lock(connection, numbers)
    # Read again under the lock: what the cases held a moment ago may be released by now.
    held = {
        key: Held(number, f"{case.channel}:{identity(case.author)}", at)
        for key, number, at in (keys.held(connection, wanted) if cases else ())
        if (case := cases.get(number)) is not None
    }
    return _Loaded(held, keys.earlier(connection, wanted), cases, clocks.read(connection, cases))


def _claim(connection: Connection, ledger: Ledger) -> bool:
    """Store the new cases with their keys. False if another transaction was faster with a key."""
    records.insert(connection, [ledger.records[n] for n in ledger.opened])
    keys.release(connection, ledger.releases)
    return keys.take(connection, ledger.takes)


def _write(connection: Connection, ledger: Ledger, before: dict[int, clocks.Clocks]) -> tuple[Notice, ...]:
    """Store everything else, start the escalation policies, and say whom to tell."""
    policy, now = ledger.policy, ledger.now
    keys.touch(connection, ledger.touches)
    records.update(connection, [ledger.records[n] for n in sorted(ledger.changed)])
    clocks.write(connection, clocks.changed(before, ledger.clocks))
    if ledger.mentions:
        mentions, numbers = zip(*ledger.mentions, strict=True)
        connection.execute(_JOIN, {"mentions": list(mentions), "cases": list(numbers), "now": now})
    for number in sorted(ledger.raised):
        milder = superseded_by(ledger.records[number].severity, policy.escalation)
        ledger.lines += runs.supersede(connection, number, milder, now)
    timeline.append(connection, ledger.lines)
    wanted = [start for start in starts(ledger) if start.policy in policy.escalation]
    told = runs.start(connection, wanted, {s.case_number: ledger.snapshot(s.case_number) for s in wanted}, policy, now)
    return (*notices(ledger), *told)


def _outcome(decisions: Sequence[Decision], ledger: Ledger, told: tuple[Notice, ...]) -> Outcome:
    opened = [d.item.mention for d in decisions if d.move is Move.OPEN]
    return Outcome(
        told,
        tuple(
            Opened(n, m.channel, ledger.records[n].severity, m.created_at, m.received_at)
            for n, m in zip(ledger.opened, opened, strict=True)
        ),
        joined=len(ledger.mentions) - len(ledger.opened),
        ignored=ledger.ignored,
    )
