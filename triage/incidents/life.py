"""An incident's life in the database: opened with its first case, gathering cases, growing, over.

    a spike ─► incident ─► its leading case is told of once, cases of the watchlist are attached, their pages held back
                       └─► below half of the threshold for long enough ─► summary, held pages nobody answered go out

Everything happens in the sweep's transaction, which holds the lock on the watchlist's watch. The cases of all incidents
that it is about are locked at once, in the order of their numbers, before anything is done to one of them; what comes
to an incident after that is the next look's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import CaseSnapshot, Notice, NoticeType
from leitstand.settings import show_duration
from triage import clocks, overrides, records, timeline
from triage.incidents import held, store, stored
from triage.incidents.detector import Ongoing, Seen, first_minute, look
from triage.incidents.stored import Incident
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs import starting, stopping, whom
from triage.snapshot import snapshot
from triage.telling import forward
from triage.timeline import Line

_FORGET = text("DELETE FROM incident_watches WHERE NOT watchlist = ANY(CAST(:names AS text[]))")
_LEAD = text("UPDATE incidents SET lead_case = :case, told_at = :now WHERE number = :n")
_CLOSE = text("UPDATE incidents SET state = 'closed', closed_at = :now, summary = :summary WHERE number = :n")
_NOTE = text("INSERT INTO incident_events (incident, at, kind, text) VALUES (:n, :at, :kind, :text)")
_JOINS = text("""
    SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting') AND incident IS NULL
      AND watchlists @> ARRAY[CAST(:watchlist AS text)] AND posted_at >= :since
      AND NOT intents && CAST(:never AS text[])
    ORDER BY number LIMIT 500
""")
_CONCERNED = text("""
    SELECT lead_case FROM incidents WHERE number = ANY(:numbers) AND lead_case IS NOT NULL
    UNION SELECT case_number FROM held_pages WHERE incident = ANY(:numbers) AND released_at IS NULL
    UNION SELECT c.number FROM cases c JOIN incidents i ON i.number = c.incident
      WHERE i.number = ANY(:numbers) AND i.told_at IS NULL
""")
_STILL_FREE = text("SELECT number FROM cases WHERE number = ANY(:numbers) AND incident IS NULL")
_ATTACH = text("""
    UPDATE cases SET incident = :n, revision = revision + 1, updated_at = :now WHERE number = ANY(:numbers)
""")
_WORST = text("""
    SELECT number FROM cases WHERE incident = :n AND number = ANY(:locked)
    ORDER BY state NOT IN ('new', 'open', 'waiting'), severity, number LIMIT 1
""")
_COUNT = text("""
    SELECT count(*) AS cases, count(*) FILTER (WHERE severity = 'sev1') AS sev1,
      count(*) FILTER (WHERE state IN ('new', 'open', 'waiting')) AS open
    FROM cases WHERE incident = :n AND merged_into IS NULL
""")


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look has found of an open incident, and the open cases that belong to it from now on."""

    incident: Incident
    seen: Seen
    ongoing: Ongoing
    joins: frozenset[int]


def evaluate(connection: Connection, policy: Policy, now: datetime) -> tuple[Notice, ...]:
    """Look at the watchlists whose turn it is; returns whom to tell."""
    settings = policy.incidents
    names = [n for n in policy.watchlists if settings.enabled and (not settings.watchlists or n in settings.watchlists)]
    strays = stored.strays(connection, names)
    found: list[_Found] = []
    for name, watch in store.claim(connection, names, settings.window, now).items():
        heard = store.heard(connection, name, first_minute(watch, settings.window, now), now)
        seen = look(watch, heard, store.known(connection, name, now), settings, now)
        store.keep(connection, name, seen.watch, seen.hours)
        found += _found(connection, name, seen, policy)
        if seen.hours:
            store.prune(connection, now)
    late = held.late(connection)
    concerned = [one.number for one in (*strays, *(one.incident for one in found))]
    locked = lock(connection, [*concerned, *late], {case for one in found for case in one.joins})
    notices = [told for number in late for told in held.release(connection, number, locked, policy, now).notices]
    notices += _close_strays(connection, strays, names, locked, policy, now)
    return (*notices, *(notice for one in found for notice in _follow(connection, one, locked, policy, now)))


def lock(connection: Connection, incidents: Sequence[int], joins: Collection[int] = ()) -> frozenset[int]:
    """Lock what all that is done from here on is about; who locks one case after the other waits in a circle."""
    if not incidents:
        return frozenset()
    concerned = connection.scalars(_CONCERNED, {"numbers": incidents})
    return frozenset(records.lock(connection, {*concerned, *joins}))


def _close_strays(
    connection: Connection,
    strays: Sequence[Incident],
    names: list[str],
    locked: Collection[int],
    policy: Policy,
    now: datetime,
) -> list[Notice]:
    """What nobody watches any more would hold back pages for ever."""
    notices: list[Notice] = []
    for incident in strays:
        notices += close(connection, incident, "its watchlist is not watched any more", locked, policy, now)
    if strays:
        connection.execute(_FORGET, {"names": names})
    return notices


def _found(connection: Connection, watchlist: str, seen: Seen, policy: Policy) -> list[_Found]:
    """The open incident that a look is about, opened if need be, with the cases that join it; none as a rule."""
    if seen.opened is not None:
        stored.open_(connection, watchlist, seen.opened)
    ongoing = seen.watch.ongoing or seen.closed
    if ongoing is None:
        return []
    incident = stored.current(connection, watchlist)
    if incident is None:  # closed by a person meanwhile
        return []
    never = [intent.value for intent in policy.incidents.never_hold]
    given = {"watchlist": watchlist, "since": incident.started_at, "never": never}
    joins = frozenset(connection.scalars(_JOINS, given))
    return [_Found(stored.grown(connection, incident, ongoing), seen, ongoing, joins)]


def _follow(
    connection: Connection, found: _Found, locked: Collection[int], policy: Policy, now: datetime
) -> list[Notice]:
    """Write down and tell what a look has found."""
    incident, seen, ongoing = found.incident, found.seen, found.ongoing
    _gather(connection, incident, found.joins, now)
    if seen.closed is not None:
        return close(connection, incident, "it has ebbed away", locked, policy, now)
    if not incident.told:
        return _tell_opened(connection, incident, ongoing, locked, policy, now)
    return _tell_grown(connection, incident, seen.grown, policy, now) if seen.grown is not None else []


def _gather(connection: Connection, incident: Incident, joins: Collection[int], now: datetime) -> None:
    """Attach the open cases of the watchlist that have come since the incident began, unless another one has them."""
    numbers = sorted(connection.scalars(_STILL_FREE, {"numbers": sorted(joins)})) if joins else []
    if numbers:
        connection.execute(_ATTACH, {"n": incident.number, "numbers": numbers, "now": now})
        lines = [
            Line(n, "incident", now, held.attached(incident.number), data=held.data(incident.number)) for n in numbers
        ]
        timeline.append(connection, [*lines, *stopping.wait(connection, numbers, incident.number, now)])


def _tell_opened(
    connection: Connection,
    incident: Incident,
    ongoing: Ongoing,
    locked: Collection[int],
    policy: Policy,
    now: datetime,
) -> list[Notice]:
    """Tell of the incident by its leading case, once; as long as it has none, the next look tries again."""
    lead = connection.scalar(_WORST, {"n": incident.number, "locked": sorted(locked)})
    if lead is None:
        return []
    connection.execute(_LEAD, {"case": lead, "now": now, "n": incident.number})
    said = (
        f"incident {incident.number} on {incident.watchlist}: {incident.peak} authors within"
        f" {show_duration(policy.incidents.window)} where {ongoing.expected:.1f} are usual"
    )
    _note(connection, incident.number, "opened", said, now)
    case = _locked(connection, lead, policy, now)
    told = forward(case, policy, NoticeType.INCIDENT_OPENED, f"incident:{incident.number}:opened", said)
    start = starting.Start(
        lead, f"incident-{incident.number}", said, by=policy.incidents.policy, incident=incident.number, asked=True
    )
    return [*told, *starting.start(connection, [start], {lead: case}, policy, now)]


def _tell_grown(
    connection: Connection, incident: Incident, grown: Ongoing, policy: Policy, now: datetime
) -> list[Notice]:
    if incident.lead_case is None:
        return []
    counted = connection.execute(_COUNT, {"n": incident.number}).one()
    said = (
        f"incident {incident.number} on {incident.watchlist} grows: {grown.told} authors within"
        f" {show_duration(policy.incidents.window)}, {incident.authors} in all, {counted.cases} cases"
    )
    _note(connection, incident.number, "grown", said, now)
    case = _locked(connection, incident.lead_case, policy, now)
    return forward(case, policy, NoticeType.INCIDENT_GROWN, f"incident:{incident.number}:grown:{grown.told}", said)


def close(
    connection: Connection, incident: Incident, why: str, locked: Collection[int], policy: Policy, now: datetime
) -> list[Notice]:
    """End it: its run stops, held pages that nobody has answered go out, and a summary is told."""
    released = held.release(connection, incident.number, locked, policy, now)
    counted = connection.execute(_COUNT, {"n": incident.number}).one()
    pages = held.count(connection, incident.number)
    said = (
        f"incident {incident.number} on {incident.watchlist} is over, {why}:"
        f" {show_duration(now - incident.started_at)},"
        f" {incident.authors} authors, {incident.peak} at once at its height; {counted.cases} cases"
        f" ({counted.sev1} sev1, {counted.open} still open); {pages} pages held back,"
        f" {released.cases} of them sent now"
    )
    connection.execute(_CLOSE, {"n": incident.number, "now": now, "summary": said})
    _note(connection, incident.number, "closed", said, now)
    stopping.stop_incident(connection, incident.number, now)
    if incident.lead_case is None:
        return list(released.notices)
    case = _locked(connection, incident.lead_case, policy, now)
    purpose = f"incident:{incident.number}:closed"
    policy = overrides.applied(connection, policy, now)
    woken = whom.of_first_step(policy.incidents.policy, case, policy, now)
    targets = dict.fromkeys((*policy.forward(case.team), *woken))
    told = [Notice(target, case, NoticeType.INCIDENT_CLOSED, purpose, said) for target in targets]
    timeline.append(connection, [Line(case.number, "incident_closed", now, said, data=held.data(incident.number))])
    return [*released.notices, *told]


def _note(connection: Connection, number: int, kind: str, said: str, now: datetime) -> None:
    connection.execute(_NOTE, {"n": number, "at": now, "kind": kind, "text": said})


def _locked(connection: Connection, number: int, policy: Policy, now: datetime) -> CaseSnapshot:
    case: CaseRecord = records.lock(connection, [number])[number]
    return snapshot(case, clocks.read(connection, [number])[number].values(), policy, now)
