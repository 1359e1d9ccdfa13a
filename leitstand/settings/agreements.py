"""Deadlines, and whom they bind: calendars, SLA entries, teams, customers."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from leitstand.model import MentionKind, Severity
from leitstand.settings.base import Duration, Name, Section


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
