"""What is wrong with a configuration as far as triage is concerned; part of `leitstand check`."""

from collections.abc import Iterable, Mapping
from itertools import product

from leitstand.errors import Problem
from leitstand.model import Severity, Urgency
from leitstand.settings import Settings, Sla, When, show_duration
from triage.hours import working_hours
from triage.sla import best

_OTHERS = "any other channel"


def problems(settings: Settings) -> Iterable[Problem]:
    """SLA entries that tie, rules that are never reached, steps that would tell nobody, deadlines of nothing,
    calendars that cannot be read."""
    yield from _sla_ties(settings.sla)
    yield from _rules(settings)
    yield from _steps(settings)
    yield from _budgets(settings.sla)
    yield from _calendars(settings)


def _sla_ties(entries: list[Sla]) -> Iterable[Problem]:
    reported: set[tuple[int, ...]] = set()
    for channel, severity in _cases(entries):
        tied = tuple(best(entries, channel, severity))
        if len(tied) > 1 and tied not in reported:
            reported.add(tied)
            named = " and ".join(_entry(i, entries[i]) for i in tied)
            where = f"{channel or _OTHERS}, {severity}"
            yield Problem(
                f"sla.{tied[1]}", f"{named} are equally specific and both apply to a case ({where}); narrow one"
            )


def _cases(entries: list[Sla]) -> Iterable[tuple[str, Severity]]:
    """Every kind of case that the entries can tell apart."""
    channels = dict.fromkeys(["", *(channel for entry in entries for channel in entry.channels)])
    return product(channels, Severity)


def _entry(index: int, entry: Sla) -> str:
    channels = ", ".join(entry.channels) or "all channels"
    return f"entry {index + 1} ({channels}; {', '.join(entry.severity) or 'all severities'})"


def _rules(settings: Settings) -> Iterable[Problem]:
    for index, rule in enumerate(settings.rules):
        earlier = next((r for r in settings.rules[:index] if _covers(r.when, rule.when)), None)
        if earlier is not None:
            why = "which always matches" if earlier.when == When() else "which matches whenever this one does"
            yield Problem(f"rules.{index}", f"rule “{rule.name}” is never reached: “{earlier.name}” comes first, {why}")


def _covers(first: When, second: When) -> bool:
    """Whether the first condition surely holds whenever the second does."""
    lists: Mapping[str, tuple[list[str], list[str]]] = {
        name: (list(map(str, getattr(first, name))), list(map(str, getattr(second, name))))
        for name in ("intents", "sentiment", "languages", "channels", "watchlists", "authors")
    }
    wider = all(not a or (b and set(b) <= set(a)) for a, b in lists.values())
    return (
        wider
        and _urgency(first) <= _urgency(second)
        and (first.followers_at_least or 0) <= (second.followers_at_least or 0)
    )


def _urgency(when: When) -> int:
    return Urgency[when.urgency_at_least.upper()] if when.urgency_at_least else -1


def _steps(settings: Settings) -> Iterable[Problem]:
    for name, policy in settings.escalation.items():
        for index, step in enumerate(policy.steps):
            team = settings.teams.get(step.notify)
            if step.notify not in settings.targets and team is not None and not team.forward:
                path = f"escalation.{name}.steps.{index}.notify"
                yield Problem(
                    path, f"the team {step.notify!r} has no targets in `forward`: this step would tell nobody"
                )


def _budgets(entries: list[Sla]) -> Iterable[Problem]:
    for index, entry in enumerate(entries):
        limits = [(n, getattr(entry, n)) for n in ("acknowledge", "first_response", "next_response", "resolution")]
        for clock, limit in limits:
            if limit is not None and not limit:
                yield Problem(f"sla.{index}.{clock}", f"must be longer than {show_duration(limit)}")


def _calendars(settings: Settings) -> Iterable[Problem]:
    for name, calendar in settings.calendars.items():
        if name == "always":
            yield Problem(f"calendars.{name}", "`always` is built in; give this calendar another name")
        try:
            working_hours(calendar)
        except ValueError as error:
            yield Problem(f"calendars.{name}", str(error))
