"""What people work on: a case as it is shown and told, why it is as it is, and what has happened to it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leitstand.model.assessment import Intent, Sentiment, Urgency
from leitstand.model.clock import ClockSnapshot, TrafficLight
from leitstand.model.mention import Author


class Importance(StrEnum):
    """How much a watchlist matters: the impact side of severity."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Severity(StrEnum):
    """sev1 wakes people. Sorted as text, the worst comes first."""

    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    SEV4 = "sev4"


class CaseState(StrEnum):
    """new (nobody has acknowledged it) → open ⇄ waiting (clocks paused) → resolved → closed."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseReason:
    """One sentence on why a case is as it is. `about`: "urgency", "severity", "rule", "sla", "grouping", "team"."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Risk:
    """How likely a case is to be escalated, from 0 to 1, and what makes it so, the weightiest first."""

    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseSnapshot:
    """A case at one moment: the JSON of the API, of the webhooks and of every rendered message.

    `text` is the first post's text, cut to 1,000 characters. `link` is the case's page in the console. `tier` is the
    author's tier as a customer. `review` says why the case waits for a person before anybody is told, "" if it does
    not. `incident` is the incident it belongs to. `risk` is None where it has not been estimated.
    """

    number: int
    state: CaseState
    severity: Severity
    traffic_light: TrafficLight
    channel: str
    team: str
    title: str
    text: str
    url: str
    link: str
    opened_at: datetime
    posted_at: datetime
    mention_count: int
    author: Author
    watchlists: tuple[str, ...]
    language: str
    sentiment: Sentiment
    urgency: Urgency
    intents: tuple[Intent, ...]
    reasons: tuple[CaseReason, ...]
    clocks: dict[str, ClockSnapshot]
    revision: int
    assignee: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    tier: str = ""
    review: str = ""
    incident: int | None = None
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a case's timeline. `kind` is a fixed word, `text` an English sentence, `data` what a translation
    needs to say the same in another language."""

    kind: str
    at: datetime
    actor: str
    text: str
    data: dict[str, str] = field(default_factory=dict)
