"""Names in a configuration that must exist elsewhere in the file: teams, targets, policies, calendars. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from leitstand.errors import Problem
from leitstand.settings import Settings, Step

Problems = Iterable[Problem]


def references(settings: Settings) -> Problems:
    """Every name that is used and not defined, or defined twice."""
    for check in (_twice, _watchlists, _listeners, _agreements, _teams, _rules, _policies, _rotas, _digests, _others):
        yield from check(settings)


def suggest(name: str, known: Iterable[str]) -> str:
    """What may have been meant, and what there is."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    listed = f"known: {', '.join(names)}" if names else "none is defined"
    return f"did you mean {close[0]!r}? {listed}" if close else listed


def _twice(settings: Settings) -> Problems:
    lists = {
        "watchlists": [watchlist.name for watchlist in settings.watchlists],
        "rules": [rule.name for rule in settings.rules],
        "sla": [entry.name for entry in settings.sla],
        "digests": [digest.name for digest in settings.digests],
    }
    for path, names in lists.items():
        for index, name in enumerate(names):
            if name and name in names[:index]:
                yield Problem(f"{path}.{index}.name", f"the name {name!r} is used twice")


def _watchlists(settings: Settings) -> Problems:
    teams = set(settings.teams)
    for index, watchlist in enumerate(settings.watchlists):
        if watchlist.team != "default" or teams:
            yield from _known(f"watchlists.{index}.team", watchlist.team, teams | {"default"}, "team")


def _listeners(settings: Settings) -> Problems:
    for name, listener in settings.listeners.items():
        for field, names in listener.watchlist_names().items():
            for used in names:
                yield from _known(f"listeners.{name}.{field}.{used}", used, _names(settings), "watchlist")


def _agreements(settings: Settings) -> Problems:
    for index, entry in enumerate(settings.sla):
        yield from _known(f"sla.{index}.calendar", entry.calendar, {"always", *settings.calendars}, "calendar")
        yield from _all_known(f"sla.{index}.watchlists", entry.watchlists, _names(settings), "watchlist")
        yield from _all_known(f"sla.{index}.tiers", entry.tiers, set(settings.customers), "tier of customers")


def _teams(settings: Settings) -> Problems:
    for name, team in settings.teams.items():
        yield from _all_known(f"teams.{name}.forward", team.forward, set(settings.targets), "target")
        if team.escalation:
            yield from _known(f"teams.{name}.escalation", team.escalation, set(settings.escalation), _POLICY)
        if team.rota:
            yield from _known(f"teams.{name}.rota", team.rota, set(settings.rotas), "rota")


def _rules(settings: Settings) -> Problems:
    entries = {entry.name for entry in settings.sla if entry.name}
    for index, rule in enumerate(settings.rules):
        when, then = rule.when, rule.then
        yield from _all_known(f"rules.{index}.when.watchlists", when.watchlists, _names(settings), "watchlist")
        yield from _all_known(f"rules.{index}.when.tiers", when.tiers, set(settings.customers), "tier of customers")
        if then.policy:
            yield from _known(f"rules.{index}.then.policy", then.policy, set(settings.escalation), _POLICY)
        if then.sla:
            yield from _known(f"rules.{index}.then.sla", then.sla, entries, "SLA entry")
        if then.team:
            yield from _known(f"rules.{index}.then.team", then.team, {*settings.teams, "default"}, "team")


def _policies(settings: Settings) -> Problems:
    for name, policy in settings.escalation.items():
        for index, step in enumerate(policy.steps):
            yield from _step(f"escalation.{name}.steps.{index}", step, settings)


def _step(path: str, step: Step, settings: Settings) -> Problems:
    targets = set(settings.targets)
    if step.notify and step.notify != "on-call":
        yield from _known(f"{path}.notify", step.notify, {*targets, *settings.teams, *settings.rotas}, "target or team")
    for field, name in (("webhook", step.webhook), ("forward", step.forward), ("channel", step.channel)):
        if name:
            yield from _known(f"{path}.{field}", name, targets, "target")


def _rotas(settings: Settings) -> Problems:
    targets = set(settings.targets)
    for name, rota in settings.rotas.items():
        yield from _all_known(f"rotas.{name}.people", rota.people, targets, "target")
        for index, override in enumerate(rota.overrides):
            yield from _known(f"rotas.{name}.overrides.{index}.person", override.person, targets, "target")


def _digests(settings: Settings) -> Problems:
    for index, digest in enumerate(settings.digests):
        yield from _all_known(f"digests.{index}.watchlists", digest.watchlists, _names(settings), "watchlist")
        yield from _known(f"digests.{index}.target", digest.target, set(settings.targets), "target")


def _others(settings: Settings) -> Problems:
    yield from _all_known("incidents.watchlists", settings.incidents.watchlists, _names(settings), "watchlist")
    if settings.escalations.leadership:
        yield from _known("escalations.leadership", settings.escalations.leadership, set(settings.targets), "target")


_POLICY = "escalation policy"


def _names(settings: Settings) -> set[str]:
    return {watchlist.name for watchlist in settings.watchlists}


def _all_known(path: str, names: Iterable[str], known: set[str], what: str) -> Problems:
    for position, name in enumerate(names):
        yield from _known(f"{path}.{position}", name, known, what)


def _known(path: str, name: str, known: set[str], what: str) -> Problems:
    if name not in known:
        yield Problem(path, f"there is no {what} named {name!r}; {suggest(name, known)}")
