"""The operator's settings compiled once into what triage asks for on every mention."""

from collections.abc import Mapping
from dataclasses import dataclass

from leitstand.model import Importance, Severity
from leitstand.settings import Escalation, Rule, Settings, Team, Triage, Watchlist
from triage.hours import ALWAYS, WorkingTime, working_hours
from triage.sla import DEFAULTS, Agreement, agreement, best

DEFAULT_TEAM = "default"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the file says about cases. `agreements` has every (channel, severity), "" for other channels."""

    watchlists: Mapping[str, Watchlist]
    order: Mapping[str, int]
    rules: tuple[Rule, ...]
    teams: Mapping[str, Team]
    escalation: Mapping[str, Escalation]
    targets: frozenset[str]
    agreements: Mapping[tuple[str, Severity], Agreement]
    calendars: Mapping[str, WorkingTime]
    triage: Triage
    vips: frozenset[str]
    public_url: str

    def agreement(self, channel: str, severity: Severity) -> Agreement:
        """The deadlines of a case: the most specific entry, or the built-in ones where no entry applies."""
        return self.agreements.get((channel, severity)) or self.agreements["", severity]

    def hours(self, calendar: str) -> WorkingTime:
        """The calendar of that name. `always`, and one that has left the file, never closes."""
        return self.calendars.get(calendar, ALWAYS)

    def importance(self, watchlists: tuple[str, ...]) -> Importance:
        """The highest importance among the matched watchlists."""
        found = {self.watchlists[name].importance for name in watchlists if name in self.watchlists}
        return next((i for i in (Importance.HIGH, Importance.NORMAL, Importance.LOW) if i in found), Importance.NORMAL)

    def team(self, watchlists: tuple[str, ...]) -> str:
        """The team of the first matched watchlist."""
        return next((self.watchlists[name].team for name in watchlists if name in self.watchlists), DEFAULT_TEAM)

    def forward(self, team: str) -> tuple[str, ...]:
        """The targets told of a team's cases."""
        found = self.teams.get(team)
        return tuple(dict.fromkeys(found.forward)) if found else ()


def compile_policy(settings: Settings) -> Policy:
    """The policy of these settings. They are taken to be free of `triage.checks.problems`."""
    return Policy(
        watchlists={w.name: w for w in settings.watchlists},
        order={w.name: i for i, w in enumerate(settings.watchlists)},
        rules=tuple(settings.rules),
        teams=settings.teams,
        escalation=settings.escalation,
        targets=frozenset(settings.targets),
        agreements=_agreements(settings),
        calendars={name: working_hours(calendar) for name, calendar in settings.calendars.items()},
        triage=settings.triage,
        vips=frozenset(map(_account, settings.triage.vips)),
        public_url=settings.server.public_url,
    )


def _account(vip: str) -> str:
    """`channel:handle` or `handle`, folded, without the handle's leading @."""
    channel, colon, handle = vip.casefold().rpartition(":")
    return channel + colon + handle.removeprefix("@")


def _agreements(settings: Settings) -> dict[tuple[str, Severity], Agreement]:
    compiled = [agreement(entry) for entry in settings.sla]
    channels = {"", *(channel for entry in settings.sla for channel in entry.channels)}
    return {
        (channel, severity): next((compiled[i] for i in best(settings.sla, channel, severity)), DEFAULTS[severity])
        for channel in channels
        for severity in Severity
    }
