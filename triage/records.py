"""Cases as stored: the rows of `cases`, read and written in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.model import Author, CaseReason, CaseState, Intent, MentionKind, Sentiment, Severity, Urgency
from leitstand.rows import Rows
from leitstand.statements import Statement
from triage.agreements import Agreement, Traits

LIVE = (CaseState.NEW, CaseState.OPEN, CaseState.WAITING)
NO_AGREEMENT = Agreement("", ())

_COLUMNS: Final = {
    "number": "bigint",
    "state": "text",
    "severity": "text",
    "team": "text",
    "channel": "text",
    "title": "text",
    "text": "text",
    "url": "text",
    "language": "text",
    "sentiment": "text",
    "urgency": "smallint",
    "intents": "text[]",
    "watchlists": "text[]",
    "author_id": "text",
    "author_handle": "text",
    "author_name": "text",
    "author_followers": "bigint",
    "reasons": "jsonb",
    "mention_count": "integer",
    "posted_at": "timestamptz",
    "opened_at": "timestamptz",
    "updated_at": "timestamptz",
    "tags": "text[]",
    "assignee": "text",
    "acknowledged_at": "timestamptz",
    "acknowledged_by": "text",
    "resolved_at": "timestamptz",
    "closed_at": "timestamptz",
    "revision": "integer",
    "kind": "text",
    "tier": "text",
    "sla": "jsonb",
    "waits_for": "text",
    "review": "text",
    "merged_into": "bigint",
    "incident": "bigint",
}
_VALUES: Final = attrgetter(*_COLUMNS)
_ROWS: Final = Rows(_COLUMNS)
_INSERT = Statement(
    f"INSERT INTO cases ({_ROWS.names}) SELECT {_ROWS.selected} FROM {_ROWS.source}"  # noqa: S608  our own column names
)
# What a case was opened with (channel, kind, tier, title, text, author, posted_at, opened_at) never changes.
_UPDATE = Statement(f"""
    UPDATE cases c SET state = r.state, severity = r.severity, team = r.team, language = r.language,
      sentiment = r.sentiment, urgency = r.urgency, intents = r.intents, watchlists = r.watchlists, reasons = r.reasons,
      tags = r.tags, assignee = r.assignee, mention_count = r.mention_count, updated_at = r.updated_at,
      acknowledged_at = r.acknowledged_at, acknowledged_by = r.acknowledged_by, resolved_at = r.resolved_at,
      closed_at = r.closed_at, revision = r.revision, sla = r.sla, waits_for = r.waits_for, review = r.review,
      merged_into = r.merged_into
    FROM (SELECT {_ROWS.selected} FROM {_ROWS.source}) AS r WHERE c.number = r.number
""")  # noqa: S608  our own column names
_LOCK = text("SELECT * FROM cases WHERE number = ANY(:numbers) ORDER BY number FOR NO KEY UPDATE")
_READ = text("SELECT * FROM cases WHERE number = ANY(:numbers) ORDER BY number")
_STATES = text("SELECT number, state FROM cases WHERE number = ANY(:numbers)")
_ENDED = text("""
    SELECT number FROM cases WHERE number = ANY(:numbers) AND merged_into IS NULL
      AND coalesce(closed_at, resolved_at) >= :since
""")
# As a subquery the sequence's name is looked up once, not once a number.
_NUMBERS = Statement(
    "SELECT nextval((SELECT pg_get_serial_sequence('cases', 'number'))) FROM generate_series(1, :count)"
)


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case as its row says: the fields are the columns.

    `sla` are the deadlines as they were when the case got them. While it waits, `waits_for` is "author", "department"
    or "hold". `review` says why it waits for a person before anybody is told, "" if it does not. `incident` is set when
    a case is opened, and else by the incident itself.
    """

    number: int
    state: CaseState
    severity: Severity
    team: str
    channel: str
    title: str
    text: str
    url: str
    language: str
    sentiment: Sentiment
    urgency: Urgency
    intents: tuple[Intent, ...]
    watchlists: tuple[str, ...]
    author_id: str
    author_handle: str
    author_name: str
    author_followers: int | None
    reasons: tuple[CaseReason, ...]
    mention_count: int
    posted_at: datetime
    opened_at: datetime
    updated_at: datetime
    tags: tuple[str, ...] = ()
    assignee: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    revision: int = 1
    kind: MentionKind = "post"
    tier: str = ""
    sla: Agreement = NO_AGREEMENT
    waits_for: str = ""
    review: str = ""
    merged_into: int | None = None
    incident: int | None = None

    @property
    def author(self) -> Author:
        """Who wrote the first post."""
        return Author(self.author_id, self.author_handle, self.author_name, self.author_followers)

    def traits(self, severity: Severity | None = None) -> Traits:
        """What the choice of deadlines looks at, if the case had this severity."""
        first = self.watchlists[0] if self.watchlists else ""
        return Traits(self.channel, self.kind, severity or self.severity, self.language, first, self.tier)


def next_numbers(connection: Connection, count: int) -> list[int]:
    """So many unused case numbers, ascending."""
    return sorted(number for (number,) in _NUMBERS.rows(connection, {"count": count})) if count else []


def insert(connection: Connection, records: Sequence[CaseRecord]) -> None:
    """Store new cases."""
    if records:
        _INSERT.run(connection, _ROWS.parameters(map(_VALUES, records)))


def update(connection: Connection, records: Sequence[CaseRecord]) -> None:
    """Store what changed of cases that this transaction has locked."""
    if records:
        _UPDATE.run(connection, _ROWS.parameters(map(_VALUES, records)))


def lock(connection: Connection, numbers: Iterable[int]) -> dict[int, CaseRecord]:
    """The cases, locked in order of their numbers: whoever changes anything about a case holds this lock first."""
    return _fetch(connection, numbers, locked=True)


def read(connection: Connection, numbers: Iterable[int]) -> dict[int, CaseRecord]:
    """The cases as they are now."""
    return _fetch(connection, numbers, locked=False)


def states(connection: Connection, numbers: Iterable[int]) -> dict[int, CaseState]:
    """How the cases stand, for those that exist."""
    wanted = sorted(set(numbers))
    found = connection.execute(_STATES, {"numbers": wanted}).all() if wanted else []
    return {row.number: CaseState(row.state) for row in found}


def ended_since(connection: Connection, numbers: Iterable[int], since: datetime) -> list[int]:
    """Which of the cases ended no longer ago than that, and are not part of another."""
    wanted = sorted(set(numbers))
    return list(connection.scalars(_ENDED, {"numbers": wanted, "since": since})) if wanted else []


def _fetch(connection: Connection, numbers: Iterable[int], *, locked: bool) -> dict[int, CaseRecord]:
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    found = connection.execute(_LOCK if locked else _READ, {"numbers": wanted})
    return {row.number: from_row(row) for row in found}


def from_row(row: Row[tuple[object, ...]]) -> CaseRecord:
    """The record in a row that has the columns of `cases`."""
    return CaseRecord(
        number=row.number,
        state=CaseState(row.state),
        severity=Severity(row.severity),
        team=row.team,
        channel=row.channel,
        title=row.title,
        text=row.text,
        url=row.url,
        language=row.language,
        sentiment=Sentiment(row.sentiment),
        urgency=Urgency(row.urgency),
        intents=tuple(map(Intent, row.intents)),
        watchlists=tuple(row.watchlists),
        author_id=row.author_id,
        author_handle=row.author_handle,
        author_name=row.author_name,
        author_followers=row.author_followers,
        reasons=tuple(CaseReason(r["about"], r["text"]) for r in row.reasons),
        mention_count=row.mention_count,
        posted_at=row.posted_at,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        tags=tuple(row.tags),
        assignee=row.assignee,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        revision=row.revision,
        kind=row.kind,
        tier=row.tier,
        sla=msgspec.convert(row.sla, Agreement),
        waits_for=row.waits_for,
        review=row.review,
        merged_into=row.merged_into,
        incident=row.incident,
    )
