"""The words: frozen data that crosses between stages. It imports none of us and does nothing.

    Mention ──nlp──► Assessment ──triage──► CaseSnapshot ──► Notice ──escalation_bridge──► Delivery

All times are aware and in UTC. All text is plain text.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple


class Sentiment(StrEnum):
    """What the author feels towards the subject; `unknown` where nothing speaks."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNKNOWN = "unknown"


class Urgency(IntEnum):
    """How soon a human at the desk must act: not, today, within the hour, within minutes."""

    NONE = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class Intent(StrEnum):
    """What a post is about. A post can have several."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    PRAISE = "praise"
    REQUEST = "request"
    OUTAGE = "outage"
    SECURITY = "security"
    SAFETY = "safety"
    LEGAL = "legal"
    CHURN = "churn"
    SPAM = "spam"
    INFO = "info"
    CHATTER = "chatter"


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


class ClockName(StrEnum):
    """The deadlines of a case."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    FORWARD_ACCEPTED = "forward_accepted"


class ClockState(StrEnum):
    """idle → running ⇄ paused → met | breached. A breached clock stays breached: a late answer is a miss."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


class TrafficLight(StrEnum):
    """green, amber from 75 % of a clock's budget, red when one is breached."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class NoticeType(StrEnum):
    """What a notice says; also the `type` in a webhook's body."""

    CASE_OPENED = "case.opened"
    CASE_UPDATED = "case.updated"
    CASE_ESCALATED = "case.escalated"
    CASE_CLOSED = "case.closed"
    SLA_WARNING = "sla.warning"
    SLA_BREACHED = "sla.breached"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_GROWN = "incident.grown"
    INCIDENT_CLOSED = "incident.closed"
    ESCALATION_MILESTONE = "escalation.milestone"
    ESCALATION_REMINDER = "escalation.reminder"
    CASE_SHARED = "case.shared"
    DIGEST = "digest.weekly"


MentionKind = Literal["post", "reply", "repost", "quote", "comment", "article", "review", "message", "question"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as the network says. `followers` is None where the network does not say.

    `own`: the network itself says that it is the brand, such as a developer who answers a review of his app.
    """

    id: str = ""
    handle: str = ""
    name: str = ""
    followers: int | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """One post from one network.

    `channel` + `external_id` identify it for ever. `conversation_id` is the root post's external id, `parent_id` the
    post it answers. `language` is what the network declares ("" where it says nothing). `media` counts pictures and
    videos. `edited_at` is when it got these words, None where it was never edited or nobody says so. `ref` is what the
    server that was heard calls it, "" where that is its `external_id`.
    """

    channel: str
    external_id: str
    text: str
    created_at: datetime
    received_at: datetime
    url: str = ""
    title: str = ""
    language: str = ""
    kind: MentionKind = "post"
    author: Author = Author()
    parent_id: str = ""
    conversation_id: str = ""
    links: tuple[str, ...] = ()
    media: int = 0
    edited_at: datetime | None = None
    ref: str = ""

    @property
    def said_at(self) -> datetime:
        """When it was given the words that it has."""
        return self.edited_at or self.created_at


@dataclass(frozen=True, slots=True)
class MatchedMention:
    """A stored mention: its database id, the listener it came by, and the watchlists it matched, in the file's order.

    `own` says that one of the brand's own accounts wrote it.
    """

    id: int
    listener: str
    watchlists: tuple[str, ...]
    own: bool
    mention: Mention


@dataclass(frozen=True, slots=True)
class PostChange:
    """What its network did to a stored mention later. The words of a deleted post are no longer kept."""

    mention_id: int
    change: Literal["edited", "deleted"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is what it is: the words (`start`:`end` of the mention's `field`), the cue they are, its weight.

    `about` is "sentiment", "urgency", "language" or the intent's name. Weights are signed for sentiment (negative is
    bad) and 0–3 for urgency.
    """

    about: str
    cue: str
    start: int
    end: int
    weight: float
    field: Literal["text", "title"] = "text"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What nlp understood of one mention.

    `language` is an ISO 639-1 code or "unknown". `sentiment_score` runs from -1 to 1 and is 0 where the sentiment is
    unknown. `model` names what produced it. `confidence` (0–1) says how sure it is of the whole.
    """

    language: str
    sentiment: Sentiment
    sentiment_score: float
    urgency: Urgency
    intents: tuple[Intent, ...]
    needs_reply: bool
    reasons: tuple[Reason, ...]
    model: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class CaseReason:
    """One sentence on why a case is as it is. `about`: "urgency", "severity", "rule", "sla", "grouping", "team"."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class ClockSnapshot:
    """One clock of a case as told to people and targets. `words` say how its due time comes about.

    `ended_at` is when it was met, answered late or cancelled; None while it waits. `paused_at` is since when it stands
    still.
    """

    state: ClockState
    due_at: datetime | None
    started_at: datetime | None = None
    budget_seconds: int = 0
    words: str = ""
    ended_at: datetime | None = None
    paused_at: datetime | None = None


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
class StoryView:
    """What is told of a story: posts that say one thing, on any network.

    `number` is the mention it began with, `first` the earliest and `loudest` the one by the author whom most follow.
    `reach` is how many follow its authors, each author counted once. `last_hour` and `hour_before` show its growth.
    """

    number: int
    posts: int
    authors: int
    reach: int
    channels: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    last_hour: int
    hour_before: int
    first: int
    loudest: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What is told of no single case, such as a week's digest. `html` says the same for mail, "" where nothing does.

    `mentions` are the posts it quotes: when one is erased, its words go.
    """

    subject: str
    text: str
    html: str = ""
    link: str = ""
    mentions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something one target must be told about one case; a row of the outbox before it is sent.

    `purpose` makes the key: the same target, case and purpose is the same notice, however often it is asked for.
    `reason` is one sentence for the reader; `step` names the escalation step, "" for plain forwarding. `room` names the
    channel of the case's own that the target is to open for it, "" for none; `invited` are those who are to be in it.
    `letter` is told in place of the case.
    """

    target: str
    case: CaseSnapshot
    type: NoticeType
    purpose: str
    reason: str
    step: str = ""
    room: str = ""
    invited: tuple[str, ...] = ()
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one target.

    `key` is deterministic and at most 80 characters of [A-Za-z0-9_-]: it is the target's idempotency key. `attempt`
    counts from 1. `created_at` is when the notice was committed. `thread_id` is the remote id of the first message
    about this case at this target, "" when there is none. `retried_at` is when a person last put back a dead letter.
    `room` names the channel to be opened for the case, "" for none, `invited` those who are to be in it, and `room_id`
    is the target's own id of it where it was opened before. `letter` is told in place of the case.
    """

    id: int
    key: str
    target: str
    case: CaseSnapshot
    type: NoticeType
    reason: str
    step: str
    created_at: datetime
    attempt: int
    doubtful: bool = False
    thread_id: str = ""
    retried_at: datetime | None = None
    room: str = ""
    invited: tuple[str, ...] = ()
    room_id: str = ""
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A channel of a case's own at a target: the target's id of it, its name, and where people open it."""

    id: str
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target gave back for a delivery it took. `remote_id` is its own id of the message, "" if it gives none.

    `room` is the channel in which it was told, None where that is the target's usual place.
    """

    remote_id: str = ""
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """What a target tells of a case that was forwarded to it. The same `id` of one target is the same answer.

    accepted: somebody there has taken it; withdrawn: they give it back; resolved: it is solved. `by` names who.
    """

    target: str
    id: str
    case: int
    event: Literal["accepted", "withdrawn", "resolved"]
    by: str = ""
    note: str = ""


class ClockEvent(NamedTuple):
    """One moment in the life of a clock: what happened, and the due time from then on.

    started, recomputed (another budget), paused, resumed, warned, breached, reminded, met, late (answered after the
    breach), cancelled (no longer needed), withdrawn (there is nobody to answer any more), restarted.
    """

    at: datetime
    event: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """One SLA clock as stored: `budget` of working time from `started_at`, due at `due_at`.

    `fire_at` is the next moment at which something is to be done about it (a warning, the breach itself, a reminder
    after it), None where nothing is; `warnings_left` are the fractions of the budget not yet warned of, those above 1
    the reminders. `policy` is the version of the `[[sla]]` entry that set it. `paused` is the working time spent in
    pauses so far, `paused_at` the start of the pause it is in. `ended_at` is when it was met, answered late or
    cancelled. `history` is its life so far: replayed, it gives the state.
    """

    name: ClockName
    state: ClockState
    started_at: datetime
    budget: timedelta
    due_at: datetime
    fire_at: datetime | None
    warnings_left: tuple[float, ...] = ()
    policy: str = ""
    ended_at: datetime | None = None
    calendar: str = "always"
    paused: timedelta = timedelta(0)
    paused_at: datetime | None = None
    history: tuple[ClockEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a case's timeline. `kind` is a fixed word, `text` an English sentence, `data` what a translation
    needs to say the same in another language."""

    kind: str
    at: datetime
    actor: str
    text: str
    data: dict[str, str] = field(default_factory=dict)
