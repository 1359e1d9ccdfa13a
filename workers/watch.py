"""What the sweep looks at every second beside deadlines: steps, incidents, escalations, rooms, digests, risks."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from escalation_bridge import ledger, outbox
from triage import doing, risk, standing
from triage.escalating import projects
from triage.incidents import life as incidents
from triage.policy import Policy
from workers import digests, rooms

EVERY = timedelta(seconds=1)


def look(engine: Engine, policy: Policy, now: datetime) -> None:
    """Look once; each thing in a transaction of its own, so that one that waits keeps no other from its turn."""
    with engine.begin() as connection:
        doing.note_answers(connection, ledger.answers(connection), now)
    for sweep in (incidents.evaluate, projects.sweep):
        with engine.begin() as connection:
            outbox.add(connection, list(sweep(connection, policy, now)), now)
    with engine.begin() as connection:
        outbox.add(connection, rooms.tell(connection, policy, now), now)
    with engine.begin() as connection:
        outbox.add(connection, digests.sweep(connection, policy, now), now)
    with engine.begin() as connection:
        risk.refresh(connection, policy, now)
    with engine.begin() as connection:
        outbox.add(connection, standing.sweep(connection, policy, now), now)
