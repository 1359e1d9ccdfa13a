"""Short ways to let a policy run for a case and to look at what it has done."""

from datetime import timedelta

from sqlalchemy import Engine

from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import timeline
from triage.policy import Policy
from triage.runs.advancing import Steps, advance_due

MINUTE = timedelta(minutes=1)


def with_sev1(*steps: dict[str, object], **more: object) -> Policy:
    return policy(escalation={"sev1": {"steps": list(steps), **more}})


def opened(database: Engine, rules: Policy, urgency: Urgency = Urgency.CRITICAL) -> int:
    return run(database, [one(mention(1), urgency)], rules).opened[0].number


def sweep(database: Engine, minutes: float, rules: Policy) -> Steps:
    with database.begin() as connection:
        return advance_due(connection, rules, NOW + minutes * MINUTE)


def told(steps: Steps) -> list[str]:
    return [n.target for n in steps.notices]


def said(database: Engine, number: int) -> list[str]:
    with database.connect() as connection:
        return [e.text for e in timeline.read(connection, number)]
