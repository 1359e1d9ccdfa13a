"""The escalation matrix: what sets a policy off × its levels → who is told, after how long. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leitstand.settings import Escalation, Settings, Step, show_duration
from triage.policy import DEFAULT_TEAM, ON_CALL, Policy
from triage.runs.whom import targets

_VERBS = {"notify": "tell", "webhook": "call", "forward": "hand over to", "channel": "open a channel at"}


@dataclass(frozen=True, slots=True)
class Level:
    """One step: after how long in all, what it does, to whom that comes down now, and under which conditions."""

    after: str
    does: str
    whom: tuple[str, ...]
    only: str = ""

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"{_VERBS.get(self.does, 'resolve the case')} {', '.join(self.whom)}".strip()


@dataclass(frozen=True, slots=True)
class Trigger:
    """One row: what sets it off, the policy, its levels, what ends it and how often it is repeated."""

    trigger: str
    policy: str
    levels: tuple[Level, ...]
    ends: str


def matrix(settings: Settings, policy: Policy, now: datetime) -> tuple[Trigger, ...]:
    """All rows: severities, missed deadlines by team, incidents, rules, and policies that only people start."""
    named = set(settings.escalation)
    rows = [(f"a case is {name}", name, DEFAULT_TEAM) for name in sorted(named) if name.startswith("sev")]
    rows += [
        (f"a deadline of {name} is missed", team.escalation, name)
        for name, team in settings.teams.items()
        if team.escalation in named and team.escalation
    ]
    if settings.incidents.enabled and settings.incidents.policy in named:
        rows.append(("an incident opens", settings.incidents.policy, DEFAULT_TEAM))
    rows += [(f"rule “{r.name}”", r.then.policy, r.then.team or DEFAULT_TEAM) for r in settings.rules if r.then.policy]
    rows += [("somebody starts it", name, DEFAULT_TEAM) for name in sorted(named - {row[1] for row in rows})]
    return tuple(_row(trigger, settings.escalation[name], name, team, policy, now) for trigger, name, team in rows)


def _row(trigger: str, entry: Escalation, name: str, team: str, policy: Policy, now: datetime) -> Trigger:
    levels: list[Level] = []
    waited = timedelta(0)
    for step in entry.steps:
        waited += step.wait or step.after
        if step.wait is None:
            levels.append(_level(step, waited, team, policy, now))
    ends = f"until {entry.stop_on}" + (f", {entry.repeat} times again" if entry.repeat else "")
    if entry.unacknowledge_after:
        ends += f", again {show_duration(entry.unacknowledge_after)} after an acknowledgement without work"
    return Trigger(trigger, name, tuple(levels), ends)


def _level(step: Step, waited: timedelta, team: str, policy: Policy, now: datetime) -> Level:
    kinds = (("notify", step.notify), ("webhook", step.webhook), ("forward", step.forward), ("channel", step.channel))
    does, name = next(((kind, named) for kind, named in kinds if named), ("resolve", ""))
    whom = _whom(name, team, policy, now) if name else ()
    only = step.only.model_dump(exclude_defaults=True, mode="json") if step.only else {}
    only.pop("otherwise", None)
    words = "; ".join(f"{key.replace('_', ' ')} {_said(value)}" for key, value in only.items())
    return Level("at once" if not waited else f"after {show_duration(waited)}", does, whom, words)


def _whom(name: str, team: str, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Whom a name comes down to; the name itself where that depends on the case's team."""
    if name == ON_CALL and policy.rota_of(team) is None:
        return (ON_CALL,)
    found = targets(name, team, policy, now)
    return found if found == (name,) else (f"{name}: {', '.join(found) or 'nobody'}",)


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()
