"""A case as told to people and targets. Pure."""

from collections.abc import Iterable
from datetime import datetime

from leitstand.model import CaseSnapshot, Clock, ClockSnapshot, Risk
from triage.explain import due_words
from triage.policy import Policy
from triage.records import CaseRecord
from triage.sla import light


def snapshot(
    case: CaseRecord,
    clocks: Iterable[Clock],
    policy: Policy,
    now: datetime,
    *,
    risk: Risk | None = None,
    explained: bool = True,
) -> CaseSnapshot:
    """The case at `now`: the traffic light is the worst of its clocks, which say how they come about if `explained`."""
    clocks = list(clocks)
    return CaseSnapshot(
        number=case.number,
        state=case.state,
        severity=case.severity,
        traffic_light=light(((c, policy.hours(c.calendar)) for c in clocks), now),
        channel=case.channel,
        team=case.team,
        title=case.title,
        text=case.text,
        url=case.url,
        link=f"{policy.public_url}/cases/{case.number}",
        opened_at=case.opened_at,
        posted_at=case.posted_at,
        mention_count=case.mention_count,
        author=case.author,
        watchlists=case.watchlists,
        language=case.language,
        sentiment=case.sentiment,
        urgency=case.urgency,
        intents=case.intents,
        reasons=case.reasons,
        clocks={c.name.value: _clock(c, _words(c, case, policy) if explained else "") for c in clocks},
        revision=case.revision,
        assignee=case.assignee,
        acknowledged_at=case.acknowledged_at,
        acknowledged_by=case.acknowledged_by,
        tier=case.tier,
        review=case.review,
        incident=case.incident,
        risk=risk,
    )


def _words(clock: Clock, case: CaseRecord, policy: Policy) -> str:
    # Only the clocks that the first post started have waited for us to see it.
    seen = case.opened_at if clock.started_at == case.posted_at else clock.started_at
    return due_words(clock, policy.hours(clock.calendar), policy.zone, seen)


def _clock(clock: Clock, words: str) -> ClockSnapshot:
    budget = round(clock.budget.total_seconds())
    still = clock.paused_at if clock.ended_at is None else None
    return ClockSnapshot(clock.state, clock.due_at, clock.started_at, budget, words, clock.ended_at, still)
