"""The ledger of a batch: its cases while decisions are applied to them, and what is to be written and told of them."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from leitstand.model import CaseSnapshot
from triage import sla
from triage.agreements import Agreement
from triage.clocks import Clocks
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs.starting import Start
from triage.snapshot import snapshot
from triage.timeline import Line
from triage.votes import Vote


@dataclass(slots=True)
class Ledger:
    """The cases of a batch while decisions are applied to them, and everything that is to be written and told."""

    policy: Policy
    now: datetime
    records: dict[int, CaseRecord]
    clocks: dict[int, Clocks]
    opened: list[int] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    raised: dict[int, str] = field(default_factory=dict)
    mentions: list[tuple[int, int]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    takes: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    touches: dict[str, datetime] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)
    begin: list[Start] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    absorbed: list[tuple[int, int]] = field(default_factory=list)
    votes: list[tuple[int, int, Vote]] = field(default_factory=list)
    ignored: int = 0
    _planned: dict[tuple[str, datetime], Clocks] = field(default_factory=dict)

    def note(self, number: int, kind: str, said: str, **data: str) -> None:
        """Add a line to the case's timeline."""
        self.lines.append(Line(number, kind, self.now, said, data=data))

    def belongs(self, number: int, incident: int) -> None:
        """The case that is being opened is part of an incident."""
        self.records[number] = replace(self.records[number], incident=incident)

    def plan(self, granted: Agreement, started_at: datetime) -> Clocks:
        """The clocks of a case that is opened. Those of posts written in the same second are the same."""
        key = (granted.version or granted.name, started_at)
        if key not in self._planned:
            planned = sla.plan(granted, self.policy.hours(granted.calendar), started_at, self.now)
            self._planned[key] = {clock.name: clock for clock in planned}
        return dict(self._planned[key])

    def snapshot(self, number: int) -> CaseSnapshot:
        """The case as it is by now."""
        return snapshot(self.records[number], self.clocks[number].values(), self.policy, self.now)
