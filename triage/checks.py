"""What is wrong with a configuration as far as triage is concerned; part of `leitstand check`."""

from collections.abc import Iterable
from datetime import timedelta

from leitstand.errors import Problem
from leitstand.model import ClockName
from leitstand.settings import Escalation, Settings, Sla, show_duration
from triage import hours, idle_rules
from triage.agreements import ties
from triage.hours import time_zone
from triage.knowledge import replies
from triage.rota import compiled
from triage.runs.steps import SHORTEST_ROUND


def problems(settings: Settings) -> Iterable[Problem]:
    """SLA entries that tie, rules that never decide anything or contradict themselves, steps that would tell nobody,
    deadlines of nothing, calendars that cannot be read."""
    yield from _sla_ties(settings.sla)
    yield from idle_rules.problems(settings)
    yield from _steps(settings)
    yield from _rotas(settings)
    yield from _budgets(settings)
    yield from _calendars(settings)
    yield from _knowledge(settings)
    yield from _digests(settings)
    yield from _retention(settings)


def _retention(settings: Settings) -> Iterable[Problem]:
    """What is still worked with must be there."""
    posts, cases, desk = settings.retention.posts, settings.retention.cases, settings.triage
    weeks = timedelta(weeks=3) if settings.digests else timedelta(0)
    for key, kept, needed, why in (
        ("posts", posts, 2 * desk.story_window, "twice triage.story_window: new posts are compared with them"),
        ("posts", posts, weeks, "three weeks: [[digests]] count two, and may be late"),
        ("cases", cases, desk.reopen_within, "triage.reopen_within: until then they may be opened again"),
        ("cases", cases, desk.repeat_window, "triage.repeat_window: until then they count as repeat contact"),
    ):
        if kept is not None and kept < needed:
            yield Problem(f"retention.{key}", f"{show_duration(kept)} is shorter than {why} ({show_duration(needed)})")


def _digests(settings: Settings) -> Iterable[Problem]:
    for index, digest in enumerate(settings.digests):
        if not digest.watchlists and not digest.tags:
            yield Problem(f"digests.{index}", "it is about nothing: name `watchlists` or `tags`")
        try:
            time_zone(digest.timezone)
        except ValueError as error:
            yield Problem(f"digests.{index}.timezone", str(error))


def _knowledge(settings: Settings) -> Iterable[Problem]:
    for index, reply in enumerate(settings.replies):
        if said := replies.problem(reply.text):
            yield Problem(f"replies.{index}.text", said)
    folder = settings.knowledge.articles
    if folder is not None and not folder.is_dir():
        yield Problem("knowledge.articles", f"there is no folder {folder}")


def _sla_ties(entries: list[Sla]) -> Iterable[Problem]:
    for i, j, case in ties(entries):
        named = f"{_entry(i, entries[i])} and {_entry(j, entries[j])}"
        said = ", ".join([case.channel or "any other channel", *(value for value in case[1:] if value)])
        message = f"{named} are equally specific and both apply to a case ({said}); narrow one"
        yield Problem(f"sla.{j}", message)
        yield Problem(f"sla.{i}", f"ties with entry {j + 1}: see there")


def _entry(index: int, entry: Sla) -> str:
    said = [", ".join(entry.channels) or "all channels", ", ".join(entry.severity) or "all severities"]
    said += [", ".join(v) for v in (entry.kinds, entry.languages, entry.watchlists, entry.tiers) if v]
    return f"entry {index + 1} ({'; '.join(said)})"


def _steps(settings: Settings) -> Iterable[Problem]:
    for name, policy in settings.escalation.items():
        for index, step in enumerate(policy.steps):
            path, team = f"escalation.{name}.steps.{index}", settings.teams.get(step.notify)
            if step.notify not in settings.targets and team is not None and not team.forward:
                yield Problem(
                    f"{path}.notify",
                    f"the team {step.notify!r} has no targets in `forward`: this step would tell nobody",
                )
            if step.notify == "on-call" and not any(t.rota for t in settings.teams.values()):
                yield Problem(f"{path}.notify", "no team has a `rota`: this step would tell nobody")
            called = settings.targets.get(step.webhook)
            if called is not None and called.kind != "webhook":
                yield Problem(f"{path}.webhook", f"the target {step.webhook!r} is no webhook; use `notify`")
        yield from _round(name, policy)


def _round(name: str, policy: Escalation) -> Iterable[Problem]:
    """A floor under the distance of rounds: nobody may be told again and again without a pause."""
    waits = sum(((step.wait or step.after) for step in policy.steps), timedelta(0))
    if policy.repeat and waits < SHORTEST_ROUND and any(step.whom for step in policy.steps[1:]):
        yield Problem(f"escalation.{name}.repeat", "a round takes less than a minute: put `after` on a step")


def _budgets(settings: Settings) -> Iterable[Problem]:
    for index, entry in enumerate(settings.sla):
        longest = _longest(settings, entry)
        limits = [(name.value, getattr(entry, name.value)) for name in ClockName]
        for clock, limit in limits:
            if limit is not None and not limit:
                yield Problem(f"sla.{index}.{clock}", f"must be longer than {show_duration(limit)}")
            if limit is not None and longest is not None and limit > longest:
                yield Problem(
                    f"sla.{index}.{clock}",
                    f"{show_duration(limit)} of the calendar {entry.calendar!r} may take ten years and more, which is"
                    f" not looked ahead: must be {show_duration(longest)} or less",
                )


def _longest(settings: Settings, entry: Sla) -> timedelta | None:
    """The longest deadline that the entry's calendar tells, down to its last reminder; None where any may be."""
    calendar = settings.calendars.get(entry.calendar)
    try:
        return hours.longest(calendar) / max([1.0, *entry.remind_at]) if calendar else None
    except ValueError:  # told of the calendar
        return None


def _rotas(settings: Settings) -> Iterable[Problem]:
    for name, rota in settings.rotas.items():
        if name in settings.targets or name in settings.teams or name == "on-call":
            yield Problem(f"rotas.{name}", "a target, a team or `on-call` has this name: give the rota another one")
        try:
            compiled(rota)
        except ValueError as error:
            yield Problem(f"rotas.{name}", str(error))


def _calendars(settings: Settings) -> Iterable[Problem]:
    try:
        time_zone(settings.triage.timezone)
    except ValueError as error:
        yield Problem("triage.timezone", str(error))
    for name, calendar in settings.calendars.items():
        if name == "always":
            yield Problem(f"calendars.{name}", "`always` is built in; give this calendar another name")
        for key, said in hours.problems(calendar):
            yield Problem(f"calendars.{name}.{key}", said)
