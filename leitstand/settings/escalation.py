"""Who is woken when: policies with their steps, rotas, escalations as projects."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from leitstand.model import Severity
from leitstand.settings.base import Duration, Hours, Name, Section, Weekday
from leitstand.settings.rules import Counter


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
