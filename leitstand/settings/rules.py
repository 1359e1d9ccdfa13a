"""Rules: what they ask of a post or a case, and what they set."""

from typing import Annotated, Literal

from pydantic import Field

from leitstand.model import Intent, MentionKind, Sentiment, Severity
from leitstand.settings.base import Duration, Hours, Name, Score, Section, Share, Weekday, show_duration


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
        [],
        description="Names of cues of the word lists that were found, as `leitstand assess --json` shows them.",
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
