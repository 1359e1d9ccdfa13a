"""What the detector needs, as stored: who was heard, what is usual, how each watchlist is watched.

A batch adds its voices in one statement; a sweep claims a watchlist by the time at which it was last looked at, so that
several sweeps look at it as often as one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Assessment, MatchedMention
from leitstand.rows import Rows
from leitstand.settings import Incidents
from leitstand.statements import Statement
from triage.incidents.baseline import DAYS, HOUR, WEEKS, Usual, remembered
from triage.incidents.detector import Watch
from triage.incidents.signals import Signal, Voice, voices

LOOK_EVERY, LOOK_AT_SILENT = timedelta(seconds=5), timedelta(minutes=1)
_KEEP_VOICES = timedelta(days=2)

_VOICES: Final = Rows({"watchlist": "text", "minute": "timestamptz", "slot": "smallint", "trouble": "boolean"})
_ADD = Statement(f"""
    INSERT INTO incident_voices AS v ({_VOICES.names}) SELECT {_VOICES.selected} FROM {_VOICES.source}
    ON CONFLICT (watchlist, minute, slot) DO UPDATE SET trouble = true WHERE excluded.trouble AND NOT v.trouble
""")  # noqa: S608  our own column names
_CLAIM = text("""
    INSERT INTO incident_watches AS w (watchlist, looked_at, state)
    SELECT name, :now, '{}' FROM unnest(CAST(:watchlists AS text[])) AS n(name) ORDER BY name
    ON CONFLICT (watchlist) DO UPDATE SET looked_at = :now
      WHERE w.looked_at > :ahead
        OR w.looked_at <= :before AND (w.looked_at <= :idle OR w.state->>'ongoing' IS NOT NULL OR EXISTS (
          SELECT FROM incident_voices v WHERE v.watchlist = w.watchlist AND v.minute >= :recent))
    RETURNING watchlist, state
""")
_WATCH = text("UPDATE incident_watches SET state = CAST(:state AS jsonb) WHERE watchlist = :watchlist")
_HEARD = text("""
    SELECT minute, array_agg(slot) AS impact, array_agg(slot) FILTER (WHERE trouble) AS trouble
    FROM incident_voices WHERE watchlist = :watchlist AND minute >= :since AND minute <= :now GROUP BY minute
""")
_SLOTS = text("""
    SELECT DISTINCT slot FROM incident_voices
    WHERE watchlist = :watchlist AND minute >= :since AND (trouble OR NOT :trouble)
""")
_HOURS = text("""
    SELECT signal, hour, rate FROM incident_hours WHERE watchlist = :watchlist AND hour = ANY(:hours)
""")
_KEEP_HOUR = text("""
    INSERT INTO incident_hours (watchlist, signal, hour, rate) VALUES (:watchlist, :signal, :hour, :rate)
    ON CONFLICT DO NOTHING
""")
_PRUNE = text("""
    WITH hours AS (DELETE FROM incident_hours WHERE hour < :hours)
    DELETE FROM incident_voices WHERE minute < :voices
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.state = 'open' AND i.watchlist = incident_voices.watchlist)
""")


def note(
    connection: Connection, items: Sequence[tuple[MatchedMention, Assessment]], settings: Incidents, now: datetime
) -> None:
    """Count who is heard in a batch of assessed mentions: one statement, and none where nobody gives a signal."""
    if settings.enabled and (heard := voices(items, now, settings.window)):
        add(connection, heard)


def add(connection: Connection, heard: Sequence[Voice]) -> None:
    """Add voices, which are in order: so no two batches wait for each other in a circle."""
    _ADD.run(connection, _VOICES.parameters(heard))


def claim(connection: Connection, watchlists: Iterable[str], window: timedelta, now: datetime) -> dict[str, Watch]:
    """The watchlists that are to be looked at now, locked until the transaction ends. Silent ones have time."""
    names = sorted(watchlists)
    if not names:
        return {}
    times = {"now": now, "before": now - LOOK_EVERY, "idle": now - LOOK_AT_SILENT, "recent": now - window}
    times["ahead"] = now + LOOK_AT_SILENT  # the clock was set back: nobody waits for it to catch up
    rows = connection.execute(_CLAIM, {"watchlists": names, **times})
    return {row.watchlist: msgspec.convert(row.state, Watch) for row in rows}


def heard(
    connection: Connection, watchlist: str, since: datetime, now: datetime
) -> dict[Signal, dict[datetime, set[int]]]:
    """The slots of each signal and minute."""
    rows = connection.execute(_HEARD, {"watchlist": watchlist, "since": since, "now": now}).all()
    return {
        Signal.IMPACT: {row.minute: set(row.impact) for row in rows},
        Signal.TROUBLE: {row.minute: set(row.trouble) for row in rows if row.trouble},
    }


def slots(connection: Connection, watchlist: str, signal: Signal, since: datetime) -> set[int]:
    """All slots filled since then."""
    given = {"watchlist": watchlist, "since": since, "trouble": signal is Signal.TROUBLE}
    return set(connection.scalars(_SLOTS, given))


def known(connection: Connection, watchlist: str, now: datetime) -> dict[Signal, Usual | None]:
    """What is remembered of this hour: the same hour of weeks and days before, and those beside it."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    before = [hour - back * timedelta(weeks=1) for back in range(1, WEEKS + 1)]
    before += [hour - back * timedelta(days=1) for back in range(1, DAYS + 1)]
    wanted = sorted({h + beside for h in before for beside in (-HOUR, timedelta(0), HOUR)})
    hours: dict[Signal, dict[datetime, float]] = {signal: {} for signal in Signal}
    for row in connection.execute(_HOURS, {"watchlist": watchlist, "hours": wanted}):
        hours[Signal(row.signal)][row.hour] = row.rate
    return {signal: remembered(hours[signal], now) for signal in Signal}


def keep(
    connection: Connection, watchlist: str, watch: Watch, complete: Iterable[tuple[Signal, datetime, float]]
) -> None:
    """Store what a look has taught."""
    connection.execute(_WATCH, {"watchlist": watchlist, "state": msgspec.json.encode(watch).decode()})
    rows = [{"watchlist": watchlist, "signal": s.value, "hour": hour, "rate": rate} for s, hour, rate in complete]
    if rows:
        connection.execute(_KEEP_HOUR, rows)


def prune(connection: Connection, now: datetime) -> None:
    """Forget what says nothing about now any more."""
    connection.execute(_PRUNE, {"hours": now - timedelta(weeks=WEEKS, days=1), "voices": now - _KEEP_VOICES})
