"""Whom a step tells: the targets behind the name it gives, as things are now. Pure."""

from datetime import datetime

from leitstand.model import CaseSnapshot
from triage.policy import ON_CALL, Policy


def targets(name: str, team: str, policy: Policy, now: datetime) -> tuple[str, ...]:
    """The targets behind a step's name: itself, those of the team, or who is on call; none where it is gone."""
    if name in policy.targets:
        return (name,)
    rota = policy.rota_of(team) if name == ON_CALL else policy.rotas.get(name)
    if rota is not None:
        person = rota.on_call(now)
        return (person,) if person in policy.targets and person is not None else ()
    return tuple(target for target in policy.forward(name) if target in policy.targets)


def of_first_step(name: str, case: CaseSnapshot, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Whom the first step of a policy tells."""
    entry = policy.escalation.get(name)
    return targets(entry.steps[0].notify, case.team, policy, now) if entry else ()


def invited(case: CaseSnapshot, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Who belongs into a case's own channel: the team, whoever is on call for it, and who has the case."""
    rota = policy.rota_of(case.team)
    return tuple(filter(None, dict.fromkeys((case.team, rota.on_call(now) if rota else None, case.assignee))))
