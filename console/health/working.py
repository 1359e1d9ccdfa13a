"""What an installation that runs is doing: what waits, what was given up, who is not told or not heard. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from console.health.finding import Finding, State
from console.offline.wording import count, span
from escalation_bridge.ledger import TargetSummary
from listeners.cursors import ListenerState
from listeners.pending import Backlog
from monitoring.health import Part

STUCK = timedelta(minutes=1)
SKEW = timedelta(seconds=2)
_STATES = {"well": State.OK, "impaired": State.WARN, "down": State.FAIL}


def parts(found: Sequence[Part]) -> Iterator[Finding]:
    """The parts that /readyz knows."""
    return (Finding(part.name, _STATES[part.state], part.detail) for part in found)


def clocks(here: datetime, there: datetime) -> Finding:
    """Whether this host and PostgreSQL agree on what time it is: deadlines are kept by both."""
    apart = abs(here - there)
    if apart > SKEW:
        advice = "let both hosts keep time by NTP: deadlines fire by it"
        return Finding("time", State.WARN, f"this host and PostgreSQL are {span(apart)} apart", advice)
    return Finding("time", State.OK, "this host and PostgreSQL agree")


def backlog(found: Backlog, now: datetime) -> Iterator[Finding]:
    """What waits to be assessed, and what could not be."""
    age = now - found.oldest_received_at if found.oldest_received_at else timedelta(0)
    said = f"{count(found.pending, 'mention waits', 'mentions wait')} to be assessed"
    if age > STUCK:
        advice = "does a `work` role run? `leitstand run` on more hosts, or more workers.processes, take more"
        yield Finding("mentions", State.WARN, f"{said}, the oldest for {span(age)}", advice)
    else:
        yield Finding("mentions", State.OK, said)
    if found.parked:
        advice = "their errors are in pending_mentions.error and in the log of `work`"
        yield Finding("parked", State.WARN, f"{count(found.parked, 'mention')} could not be assessed", advice)


def targets(found: Sequence[TargetSummary], now: datetime) -> Iterator[Finding]:
    """One finding a target that has a past."""
    for one in found:
        part, age = f"target {one.target}", now - one.oldest_at if one.oldest_at else timedelta(0)
        if one.dead:
            advice = f"mend it, then `leitstand deliveries retry --target {one.target}`"
            yield Finding(part, State.WARN, f"{count(one.dead, 'dead letter')}: {one.error or 'given up'}", advice)
        if one.paused_until and one.paused_until > now:
            yield Finding(part, State.WARN, f"rests for {span(one.paused_until - now)}: {one.error}")
        elif age > STUCK:
            yield Finding(part, State.WARN, f"{one.pending} wait, the oldest for {span(age)}: {one.error}")
        elif not one.dead:
            yield Finding(part, State.OK, f"{one.pending} to be told")


def listeners(found: Sequence[ListenerState], now: datetime) -> Iterator[Finding]:
    """One finding a part of a listener."""
    for one in found:
        part = f"listener {one.listener}"
        where = f" ({one.part})" if one.part else ""
        if one.up:
            yield Finding(part, State.OK, f"heard{where}")
        else:
            what = "not looked up again" if one.looks_again else "not heard"
            said = f"{what} for {span(timedelta(seconds=one.lag(now)))}{where}: {one.error}"
            yield Finding(part, State.WARN, said, "`leitstand listeners status` says more")
