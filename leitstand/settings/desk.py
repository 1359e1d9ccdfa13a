"""The desk: grouping, incidents, feedback, digests, replies, knowledge, and how posts are understood."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from leitstand.model import Intent
from leitstand.settings.base import Duration, Name, Section, Share, Weekday


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
        3, ge=2, le=10_000, description="Never fewer authors who tell of an outage, a leak or a danger."
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


_Role = Literal["language", "normalisation", "reading", "sentiment", "urgency", "intents", "model", "needs_reply"]


class Nlp(Section):
    """How posts are understood."""

    model: Path | None = Field(
        None, description="A folder that `leitstand train` wrote. Absent: the shipped model.", examples=["model"]
    )
    unknown_below: Share = Field(
        0.0,
        description="The sentiment is `unknown` where the model is less sure of it than this; 0: as the model says.",
        examples=[0.5],
    )
    entities: str = Field(
        "", description="An installed spaCy package whose entities are told, such as de_core_news_lg."
    )
    products: dict[str, list[str]] = Field(
        {}, description="Names to recognise in posts, each with its spellings: products, brands, places."
    )
    components: dict[_Role, str] = Field(
        {}, description="spaCy factories of an installed package, each to take the place of ours of that name."
    )
