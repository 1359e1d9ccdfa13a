"""The operator's settings compiled once into what triage asks for on every mention."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from leitstand.errors import InputError
from leitstand.model import Author, Importance
from leitstand.settings import (
    Counter,
    Customers,
    Digest,
    Escalation,
    Escalations,
    Feedback,
    Incidents,
    Reply,
    Settings,
    Team,
    Triage,
    Watchlist,
)
from triage.accounts import accounts, folded
from triage.agreements import Agreement, Choice, Traits
from triage.hours import ALWAYS, WorkingTime, time_zone, working_hours
from triage.records import CaseRecord
from triage.rota import Turns
from triage.rota import compiled as on_call
from triage.rules import CompiledRule, compiled
from triage.votes import votes_by

DEFAULT_TEAM, ON_CALL = "default", "on-call"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the file says about cases. `vips` and `tiers` are keyed by folded accounts; `zone` is the desk's."""

    watchlists: Mapping[str, Watchlist]
    order: Mapping[str, int]
    rules: tuple[CompiledRule, ...]
    teams: Mapping[str, Team]
    escalation: Mapping[str, Escalation]
    rotas: Mapping[str, Turns]
    escalations: Escalations
    incidents: Incidents
    targets: frozenset[str]
    choice: Choice
    calendars: Mapping[str, WorkingTime]
    triage: Triage
    feedback: Feedback
    votes: re.Pattern[str] | None
    vips: frozenset[str]
    customers: Mapping[str, Customers]
    tiers: Mapping[str, str]
    zone: ZoneInfo
    public_url: str
    brand: str
    replies: tuple[Reply, ...]
    digests: tuple[Digest, ...] = ()

    @property
    def asks_for_history(self) -> bool:
        """Whether a rule looks at an author's earlier cases: only then are they counted."""
        return any(rule.rule.when.cases_at_least is not None for rule in self.rules)

    @property
    def counters(self) -> tuple[Counter, ...]:
        """What rules want to have counted."""
        found = {rule.rule.when.count.key: rule.rule.when.count for rule in self.rules if rule.rule.when.count}
        return tuple(found.values())

    @property
    def on_risk(self) -> tuple[CompiledRule, ...]:
        """The rules that are asked of cases when their risk is estimated."""
        return tuple(rule for rule in self.rules if rule.rule.when.risk_at_least is not None)

    def agreement(self, traits: Traits, named: str = "") -> Agreement:
        """The deadlines of a case: the entry named, the most specific, or the built-in ones where none applies."""
        return self.choice.named.get(named) or self.choice.pick(traits)

    def frozen(self, case: CaseRecord) -> Agreement:
        """The deadlines that a case has: as they were when it got them, whatever the file says now."""
        return case.sla if case.sla.name else self.agreement(case.traits())

    def is_vip(self, channel: str, author: Author) -> bool:
        """Whether the author is on the list of VIPs."""
        return bool(self.vips) and not self.vips.isdisjoint(accounts(channel, author))

    def tier(self, channel: str, author: Author) -> str:
        """The author's tier as a customer, "" for none."""
        if not self.tiers:
            return ""
        return next((self.tiers[name] for name in accounts(channel, author) if name in self.tiers), "")

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

    def rota_of(self, team: str) -> Turns | None:
        """Who is on call for a team."""
        found = self.teams.get(team)
        return self.rotas.get(found.rota) if found and found.rota else None

    def target(self, name: str, field: str) -> str:
        """The name, if there is such a target. Raises InputError about `field`."""
        if name not in self.targets:
            raise InputError(f"there is no target {name!r}; known: {', '.join(sorted(self.targets))}", field)
        return name

    def forward(self, team: str) -> tuple[str, ...]:
        """The targets told of a team's cases."""
        found = self.teams.get(team)
        return tuple(dict.fromkeys(found.forward)) if found else ()


def compile_policy(settings: Settings) -> Policy:
    """The policy of these settings. They are taken to be free of `triage.checks.problems`."""
    return Policy(
        watchlists={w.name: w for w in settings.watchlists},
        order={w.name: i for i, w in enumerate(settings.watchlists)},
        rules=tuple(map(compiled, settings.rules)),
        teams=settings.teams,
        escalation=settings.escalation,
        rotas={name: on_call(rota) for name, rota in settings.rotas.items()},
        escalations=settings.escalations,
        incidents=settings.incidents,
        targets=frozenset(settings.targets),
        choice=Choice(settings.sla),
        calendars={name: working_hours(calendar) for name, calendar in settings.calendars.items()},
        triage=settings.triage,
        feedback=settings.feedback,
        votes=votes_by(settings.feedback.keywords),
        vips=frozenset(map(folded, settings.triage.vips)),
        customers=settings.customers,
        tiers={folded(a): tier for tier, group in settings.customers.items() for a in group.accounts},
        zone=time_zone(settings.triage.timezone),
        public_url=settings.server.public_url,
        brand=settings.brand.name,
        replies=tuple(settings.replies),
        digests=tuple(
            d.model_copy(update={"language": d.language or settings.server.language}) for d in settings.digests
        ),
    )
