"""The operator's configuration: what each key means, its default, and what is allowed.

`leitstand.configuration` reads the file into these models. Cross-checks between sections live there, the stages' own
(does a query parse, does an SLA entry tie) in the stages.
"""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    SerializeAsAny,
    WithJsonSchema,
    model_validator,
)

from leitstand.model import Importance, Intent, MentionKind, Sentiment, Severity

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw]\s*)+")


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `1h30m`, `2d`. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value.strip()):
        raise ValueError('must be a duration such as "90s", "15m", "1h30m" or "2d"')
    return timedelta(seconds=sum(float(n) * _UNITS[u] for n, u in re.findall(r"(\d+(?:\.\d+)?)([smhdw])", value)))


def show_duration(value: timedelta) -> str:
    """The shortest way to write a duration: `1h30m`."""
    left, parts = int(value.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(show_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?[smhdw]\s*)+$", "examples": ["15m", "1h30m"]}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Account = Annotated[str, Field(pattern=r"^[a-z0-9_-]+:.+$", description="channel:handle")]


class Section(BaseModel):
    """A table of the file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Section):
    """Who is listened for."""

    name: str = Field("Brand", description="The brand's name, as shown in the console and in messages.")
    own_accounts: list[Account] = Field(
        [], description="The brand's own accounts. Their posts open nothing; their replies stop the response clocks."
    )


class Server(Section):
    """Where the daemon keeps its data and where it listens."""

    data_dir: Path = Field(Path("var"), description="Embedded PostgreSQL and Redis, sockets and metrics live here.")
    listen: str = Field("127.0.0.1:8080", pattern=r"^\S+:\d{1,5}$", description="Console, API, /metrics, /hooks.")
    url: str = Field(
        "", description="The console's address as people reach it, for links in messages. Default: http://<listen>."
    )
    language: Literal["en", "de"] = Field(
        "en", description="The language of messages, and of the console where a browser asks for neither."
    )

    @property
    def public_url(self) -> str:
        """The console's address without a trailing slash."""
        return (self.url or f"http://{self.listen}").rstrip("/")


class Database(Section):
    """PostgreSQL, version 15 or newer."""

    url: SecretStr | None = Field(
        None, description="postgresql://user:password@host/name. Absent: embedded in data_dir."
    )


class Redis(Section):
    """Redis 6.2 or newer, or Valkey."""

    url: SecretStr | None = Field(None, description="redis://host:6379/0. Absent: embedded in data_dir.")


class Workers(Section):
    """How the daemon uses this host."""

    processes: int = Field(1, ge=1, le=64, description="How many `work` processes `leitstand run` starts.")
    recycle_after: int = Field(5000, ge=10, description="A worker is replaced by a fresh one after so many jobs.")


class Watchlist(Section):
    """A query, and what a match means to the brand."""

    name: Name = Field(description="How rules, cases and metrics call it.")
    query: str = Field(min_length=1, max_length=20000, description="What to listen for, in the watchlist language.")
    languages: list[str] = Field([], description="Only posts in these languages (ISO 639-1); empty: all.")
    importance: Importance = Field(Importance.NORMAL, description="The impact side of severity.")
    team: Name = Field("default", description="The team whose cases these are.")


class ListenerSettings(Section):
    """What every listener has. A source's own Settings add to it."""

    kind: str = Field(description="The source: one of `leitstand integrations`, or a dotted module name.")
    enabled: bool = Field(True, description="false: keep the entry, do not listen.")


class TargetSettings(Section):
    """What every target has. A target's own Settings add to it."""

    kind: str = Field(description="The target: one of `leitstand integrations`, or a dotted module name.")
    rate: float = Field(5.0, gt=0, le=1000, description="At most so many deliveries a second.")
    timeout: Duration = Field(timedelta(seconds=15), description="How long one attempt may take.")
    max_age: Duration = Field(timedelta(hours=24), description="A notice not delivered after this is a dead letter.")
    callback_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        None,
        description="What its calls to /hooks/NAME/case are signed with, 16 characters or more. Absent: none is taken.",
    )


class Token(Section):
    """Who may call the API."""

    token: SecretStr = Field(description="Sent as `Authorization: Bearer …`; it also opens the console.")
    scopes: list[Literal["ingest", "read", "act", "admin"]] = Field(
        ["read"], min_length=1, description="ingest: hand in posts; read: see cases; act: change them; admin: all."
    )


class Api(Section):
    """The HTTP API."""

    tokens: dict[Name, Token] = Field({}, description="One table a caller.")


class Calendar(Section):
    """Working hours. `always` is built in."""

    timezone: str = Field("UTC", description="The zone of the hours, as in Europe/Berlin.")
    hours: dict[str, list[str]] = Field(description='{ mon-fri = ["08:00-12:00", "13:00-18:00"] }')
    holidays: str = Field("", description="Country and state as in DE-BY.")
    exceptions: dict[str, list[str]] = Field(
        {}, description='Dates with hours of their own: { "2026-12-24" = ["08:00-12:00"], "2026-12-31" = [] }'
    )
    ical: Path | None = Field(None, description="An iCal file (.ics): what its events cover is closed.")


class Sla(Section):
    """Deadlines. Empty lists match all; the entry that says most wins; a tie is an error."""

    name: str = Field("", max_length=100, description="What cases and messages call it. Default: what it applies to.")
    channels: list[str] = Field([], description="Only cases of these channels.")
    kinds: list[MentionKind] = Field([], description="Only cases whose first post is one of these.")
    severity: list[Severity] = Field([], description="Only cases of these severities.")
    languages: list[str] = Field([], description='Only cases in these languages (ISO 639-1, or "unknown").')
    watchlists: list[Name] = Field(
        [], description="Only cases whose first watchlist, in the file's order, is one of these."
    )
    tiers: list[Name] = Field([], description="Only cases of customers of these `[customers]` tiers.")
    acknowledge: Duration | None = Field(None, description="Until a person acknowledges the case.")
    first_response: Duration | None = Field(
        None, description="Until the author is answered, counted from the post's own time."
    )
    next_response: Duration | None = Field(None, description="Until the author's next message is answered.")
    resolution: Duration | None = Field(None, description="Until the case is resolved.")
    forward_accepted: Duration | None = Field(
        None, description="Until the department that a case was forwarded to accepts it."
    )
    calendar: str = Field("always", description="A calendar's name, or always.")
    warn_at: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        [0.5, 0.75, 0.9], max_length=10, description="Warn at these fractions of the budget."
    )
    remind_at: list[Annotated[float, Field(gt=1, le=10)]] = Field(
        [1.5, 2.0],
        max_length=10,
        description="After a breach, tell again at these multiples of the budget; then no more.",
    )


class Team(Section):
    """Who gets a watchlist's cases."""

    forward: list[Name] = Field([], description="Targets told of every new case of the team and of its changes.")
    escalation: Name | None = Field(
        None, description="The escalation policy that runs when a clock of the team's case is breached."
    )
    rota: Name | None = Field(None, description="Who is on call for the team: told by steps that say `on-call`.")


class Customers(Section):
    """A tier of customers: whose posts get deadlines, severities and figures of their own."""

    accounts: list[str] = Field([], description="Their accounts, as channel:handle or handle.")
    contract: bool = Field(False, description="Deadlines towards them are in a contract: reports tell them apart.")


Hours = Annotated[str, Field(pattern=r"^\d{1,2}:\d\d-\d{1,2}:\d\d$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]


class Counter(Section):
    """More than so many within a while: of the posts that belong to cases, or of the cases opened."""

    of: Literal["posts", "cases"] = Field("posts", description="What is counted.")
    per: Literal["watchlist", "channel", "author", "team"] = Field(
        description="Those that have it in common with this one: its watchlists, channel, author or team."
    )
    more_than: int = Field(ge=1, description="It holds if there are more than so many, this one counted too.")
    within: Duration = Field(description="Within so long until now.")

    @property
    def key(self) -> str:
        """What is counted, in words: the same for all that count the same."""
        return f"{self.of} per {self.per} within {show_duration(self.within)}"


class When(Section):
    """Conditions of a rule. All given ones must hold; a list holds if one of its values does."""

    intents: list[Intent] = Field([], description="What the post is about.")
    sentiment: list[Sentiment] = Field([], description="What its author feels.")
    urgency_at_least: Literal["normal", "high", "critical"] | None = Field(
        None, description="How soon somebody must act, at the least."
    )
    languages: list[str] = Field([], description='ISO 639-1, or "unknown".')
    channels: list[str] = Field([], description="Where it was written.")
    watchlists: list[Name] = Field([], description="What it matched.")
    authors: list[str] = Field([], description="Handles, with or without @, any case.")
    followers_at_least: int | None = Field(None, ge=0, description="How many its author has, at the least.")
    followers_below: int | None = Field(
        None, ge=1, description="How many its author has, at the most; unknown counts as 0."
    )
    sentiment_score_below: Score | None = Field(None, description="The sentiment's score (-1 to 1) is below this.")
    needs_reply: bool | None = Field(None, description="Whether it wants an answer.")
    confidence_below: Share | None = Field(None, description="How sure the assessment is (0 to 1) is below this.")
    confidence_at_least: Share | None = Field(None, description="How sure the assessment is, at the least.")
    cues: list[str] = Field(
        [], description="Names of cues that the assessment found, as `leitstand assess` shows them."
    )
    kinds: list[MentionKind] = Field([], description="What the post is: a reply, a review …")
    vip: bool | None = Field(None, description="Whether its author is one of `triage.vips`.")
    tiers: list[Name] = Field([], description="The author is a customer of one of these `[customers]` tiers.")
    cases_at_least: int | None = Field(
        None, ge=1, description="How many cases its author had before within `triage.repeat_window`, at the least."
    )
    story_at_least: int | None = Field(None, ge=2, description="How many posts tell the same story, at the least.")
    count: Counter | None = Field(None, description="More than so many posts or cases within a while, as below.")
    risk_at_least: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="The risk of the case (0 to 1), at the least. Such a rule is asked of open cases whenever their"
        " risk is estimated, and decides once for each case: its severity if that is worse, its tags, its policy.",
    )
    hours: list[Hours] = Field(
        [],
        description='It was written at this time of day in `triage.timezone`: ["18:00-08:00"]; over midnight is fine.',
    )
    weekdays: list[Weekday] = Field([], description="It was written on one of these days in `triage.timezone`.")


class Then(Section):
    """What a rule sets; what it does not say comes from the matrix and the watchlist."""

    severity: Severity | None = Field(None, description="Instead of the matrix.")
    team: Name | None = Field(None, description="Instead of the watchlist's.")
    tags: list[Name] = Field([], description="Added to the case.")
    policy: Name | None = Field(
        None, description="An escalation policy to run for a case that this rule opens or raises."
    )
    sla: str | None = Field(None, description="The `name` of an `[[sla]]` entry, instead of the one that fits best.")
    case: Literal["open", "ignore", "hold"] | None = Field(
        None,
        description="open a case although nothing is urgent; ignore: open none; hold: open one that tells nobody until"
        " a person approves it.",
    )
    reason: str = Field("", max_length=200, description="Why: told where the post is ignored or held.")


class Rule(Section):
    """First match wins."""

    name: str = Field(min_length=1, max_length=100, description="Told with every case it decides.")
    when: When = Field(description="The conditions, as in `[rules.when]` below.")
    then: Then = Field(description="What it sets, as in `[rules.then]` below.")


class Only(Section):
    """Conditions of a step. All given ones must hold when it is due."""

    hours: list[Hours] = Field([], description='Only at this time of day in `triage.timezone`: ["08:00-18:00"].')
    weekdays: list[Weekday] = Field([], description="Only on these days in `triage.timezone`.")
    severity: list[Severity] = Field([], description="Only while the case has one of these severities.")
    mentions_at_least: int | None = Field(None, ge=2, description="Only if the case has so many posts by then.")
    count: Counter | None = Field(None, description="Only if there are more than so many posts or cases, as below.")
    risk_at_least: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Only if the risk of the case (0 to 1) is at least this by then."
    )
    unacknowledged: bool | None = Field(None, description="true: only while nobody has acknowledged the case.")
    more_severe: bool | None = Field(
        None,
        description="true: only if the case is more severe than when the policy started; false: only if it is not.",
    )
    otherwise: Literal["skip", "wait"] = Field(
        "skip", description="Where they do not hold: go on to the next step, or wait here until they do."
    )


class Step(Section):
    """One step of an escalation policy: wait `after`, then do one thing; `wait` alone does nothing but wait."""

    notify: Name = Field(
        "", description="Tell a target, a team (all its `forward` targets), a rota's or the team's `on-call` person."
    )
    webhook: Name = Field("", description="Call a target of kind webhook.")
    forward: Name = Field("", description="Hand the case to a target; its clock `forward_accepted` starts.")
    channel: Name = Field("", description="Open a channel of the case's own at a target that can, or tell it there.")
    resolve: bool = Field(False, description="true: resolve the case.")
    wait: Duration | None = Field(None, description="Only wait for so long.")
    after: Duration = Field(timedelta(0), description="How long to wait after the step before.")
    only: Only | None = Field(None, description="Conditions, as in `only` below.")

    @model_validator(mode="after")
    def _one_thing(self) -> "Step":
        chosen = [self.notify, self.webhook, self.forward, self.channel, self.resolve, self.wait is not None]
        if sum(map(bool, chosen)) != 1:
            raise ValueError("a step does one thing: notify, webhook, forward, channel, resolve or wait")
        return self

    @property
    def whom(self) -> str:
        """The target, team or rota that it names, "" if none."""
        return self.notify or self.webhook or self.forward or self.channel


class Escalation(Section):
    """A policy named like a severity applies to it; others are named by teams, rules, incidents and people."""

    steps: list[Step] = Field(min_length=1, max_length=50, description="Taken in order, as in `steps` below.")
    repeat: int = Field(0, ge=0, le=9, description="Go through the steps again so many times.")
    stop_on: Literal["acknowledged", "resolved"] = Field("acknowledged", description="What a person does to end it.")
    unacknowledge_after: Duration | None = Field(
        None,
        description="Nobody has touched the case for so long after acknowledging it: it counts as not acknowledged, and"
        " the steps begin again.",
    )


class Override(Section):
    """Somebody else is on call for a while."""

    start: datetime = Field(description="From when on, with its offset: 2026-12-24T09:00:00+01:00.")
    end: datetime = Field(description="Until when.")
    person: Name = Field(description="The target of whoever is on call then.")


class Rota(Section):
    """Who is on call: people take turns week by week. People are targets: how each wants to be woken."""

    people: list[Name] = Field([], description="Targets, in their order; each has a week.")
    starts: date | None = Field(
        None, description="The first person's turn begins with the hand-over in this date's week. Default: 2026-01-05."
    )
    handover: str = Field(
        "mon 09:00",
        pattern=r"^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$",
        description="When turns change.",
    )
    timezone: str = Field("UTC", description="The zone of `handover` and of the iCal file.")
    overrides: list[Override] = Field([], description="Exceptions, as in `overrides` below; the last that fits wins.")
    ical: Path | None = Field(
        None,
        description="An iCal file (.ics) with events named like targets: who has one is on call, before the turns.",
    )
    ical_url: SecretStr | None = Field(
        None,
        description="The address of such a calendar: looked at every 15 minutes; the last good copy counts.",
    )
    ical_allow_private: bool = Field(False, description="true: its address may be in a private network.")


class Escalations(Section):
    """Escalations as projects: who owns them, and who is told of their milestones."""

    open_on: list[Literal["sev1", "breach", "incident"]] = Field(
        ["sev1", "breach", "incident"], description="What opens one by itself; a person can always."
    )
    breach_of: list[Severity] = Field(
        [Severity.SEV1, Severity.SEV2], description="Only a breach of these severities opens one."
    )
    managers: list[str] = Field([], description="The escalation managers: each new one is the next one's.")
    leadership: Name | None = Field(None, description="The target that is told of milestones.")
    remind_before: Duration = Field(
        timedelta(hours=1), description="So long before a measure is due, whoever is responsible is reminded."
    )


class Triage(Section):
    """Grouping and impact."""

    author_window: Duration = Field(
        timedelta(hours=24), description="Posts of one author on one watchlist join one case for so long."
    )
    story_window: Duration = Field(
        timedelta(hours=72),
        description="Reposts, copies and the same link join a story until so long after its last post.",
    )
    story_high: int = Field(50, ge=2, description="A story that so many posts tell lifts the impact one step.")
    story_similarity: float = Field(
        0.5, gt=0, le=1, description="The share of common word pairs from which two texts are copies of each other."
    )
    ignore_links: list[str] = Field(
        [], description="Sites (status.acme.example) and pages whose links join no story; what lies below them, too."
    )
    reopen_within: Duration = Field(
        timedelta(days=3), description="A conversation that goes on so soon after its case ended opens that case again."
    )
    reach_high: int = Field(100_000, ge=1, description="An author with so many followers lifts the impact one step.")
    reach_huge: int = Field(2_000_000, ge=1, description="With so many, two steps.")
    vips: list[str] = Field([], description="Handles that lift the impact one step, as channel:handle or handle.")
    timezone: str = Field(
        "UTC", description="The zone in which deadlines are explained and rules tell the time of day."
    )
    review_below: Share = Field(
        0.0, description="A case whose assessment is less sure than this waits for a person before anybody is told."
    )
    repeat_window: Duration = Field(
        timedelta(days=30), description="How far back an author's earlier cases count as repeat contact."
    )


class Incidents(Section):
    """When many people on one watchlist are in trouble at once."""

    enabled: bool = Field(True, description="false: no incident is ever opened.")
    watchlists: list[Name] = Field([], description="Only these are watched; empty: all.")
    window: Duration = Field(timedelta(minutes=5), description="Different authors are counted over so long.")
    minimum: int = Field(
        3, ge=2, le=10_000, description="Never fewer authors who tell of an outage, a leak, a danger or urgent need."
    )
    minimum_impact: int = Field(10, ge=2, le=10_000, description="Never fewer authors who want anything at all.")
    factor: float = Field(2.0, ge=1, le=100, description="So many times the usual number of those is still usual.")
    quiet: Duration = Field(
        timedelta(minutes=15), description="It is over after it has been below half of its threshold for so long."
    )
    policy: Name = Field("sev1", description="The escalation policy that is run once for an incident, if there is one.")
    never_hold: list[Intent] = Field(
        [Intent.SECURITY, Intent.SAFETY, Intent.LEGAL],
        description="Cases with these intents belong to no incident: their pages are never held back.",
    )


class Feedback(Section):
    """What the authors of solved cases think of the answer: they rate it by a signed link, or by a reply."""

    valid: Duration = Field(timedelta(days=60), description="How long a link may be used.")
    low: int = Field(2, ge=0, le=5, description="A score up to this is low; 0: none is.")
    on_low: Literal["nothing", "reopen", "escalate"] = Field(
        "reopen", description="What a low score does: open the case again, or also raise it by one step."
    )
    keywords: list[Annotated[str, Field(pattern=r"^\S{2,40}$")]] = Field(
        ["#rating", "#bewertung"],
        max_length=20,
        description="The author of a solved case rates it by a reply that says one of these and a score: #rating 4.",
    )


class Digest(Section):
    """A week of posts and cases about something, for those who can change it: counts, trend, the strongest quotes."""

    name: Name = Field(description="How it is called.")
    title: str = Field("", max_length=100, description="What it is about, for its readers. Default: the name.")
    watchlists: list[Name] = Field([], description="Posts and cases of these.")
    tags: list[Name] = Field([], description="Also cases with one of these tags, and their posts.")
    target: Name = Field(description="Whom it is sent to.")
    weekday: Weekday = Field("mon", description="On which day; it tells of the seven days before.")
    time: str = Field("08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="At what time.")
    timezone: str = Field("UTC", description="The zone of `time`, as in Europe/Berlin.")
    language: Literal["en", "de"] | None = Field(None, description="Its language. Default: the server's.")
    quotes: int = Field(6, ge=0, le=30, description="At most so many quotes.")


class Reply(Section):
    """A reply to begin with. A person reads it and sends it."""

    name: str = Field(min_length=1, max_length=100, description="How people at the desk call it.")
    text: str = Field(
        min_length=1, max_length=5000, description="Its words; {author} {brand} {team} {number} {link} are filled in."
    )
    language: str = Field("", description="Only for cases in this language (ISO 639-1); empty: for all.")
    intents: list[Intent] = Field([], description="Only for cases about one of these; empty: for all.")


class Knowledge(Section):
    """What was learnt, shown beside the cases it may help with."""

    articles: Path | None = Field(
        None, description="A folder of Markdown files; `title`, `tags` and `url` may stand in a head between `---`."
    )


class Nlp(Section):
    """How posts are understood."""

    model: Path | None = Field(
        None, description="A folder that `leitstand train` wrote. Absent: the shipped model.", examples=["model"]
    )
    entities: str = Field(
        "", description="An installed spaCy package whose entities are told, such as de_core_news_lg."
    )
    products: dict[str, list[str]] = Field(
        {}, description="Names to recognise in posts, each with its spellings: products, brands, places."
    )
    components: dict[Literal["reading", "sentiment", "urgency", "intents", "model"], str] = Field(
        {}, description="spaCy factories of an installed package, each to take the place of ours of that name."
    )


class Settings(Section):
    """The whole file."""

    brand: Brand = Brand()
    server: Server = Server()
    database: Database = Database()
    redis: Redis = Redis()
    workers: Workers = Workers()
    nlp: Nlp = Nlp()
    triage: Triage = Triage()
    incidents: Incidents = Incidents()
    watchlists: list[Watchlist] = []
    listeners: dict[Name, SerializeAsAny[ListenerSettings]] = {}
    targets: dict[Name, SerializeAsAny[TargetSettings]] = {}
    api: Api = Api()
    calendars: dict[Name, Calendar] = {}
    sla: list[Sla] = []
    teams: dict[Name, Team] = {}
    customers: dict[Name, Customers] = {}
    feedback: Feedback = Feedback()
    rules: list[Rule] = []
    escalation: dict[Name, Escalation] = {}
    rotas: dict[Name, Rota] = {}
    escalations: Escalations = Escalations()
    knowledge: Knowledge = Knowledge()
    replies: list[Reply] = []
    digests: list[Digest] = []
