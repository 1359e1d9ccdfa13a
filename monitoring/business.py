"""Puts the stages' summaries and the gauges together. Whoever starts /metrics hands the summaries in."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, text

from leitstand import clock
from leitstand.model import ClockName
from leitstand.settings import Settings
from monitoring import gauges
from monitoring.channels import Channels
from monitoring.collector import Found, Lane, Part, StateCollector
from monitoring.metrics import Metrics, start_breaches_at_zero
from monitoring.summaries import Backlog, ListenerState, OpenCases, TargetSummary

T = TypeVar("T")

_CAREFULLY = text("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '1s'")


@dataclass(frozen=True, slots=True)
class ListenerFigures:
    """The summaries of what listeners may still read and what they missed; nothing where none is handed in."""

    budgets: Callable[[Connection, datetime], Mapping[str, int]] = lambda _connection, _now: {}
    shares: Callable[[Connection, datetime], Mapping[tuple[str, str], int]] = lambda _connection, _now: {}
    gaps: Callable[[Connection, datetime], Mapping[str, int]] = lambda _connection, _now: {}
    waiting: Callable[[Connection, datetime], Mapping[str, float]] = lambda _connection, _now: {}
    looking_again: Callable[[Connection], Mapping[str, bool]] = lambda _connection: {}

    def found(self, connection: Connection, settings: Settings, now: datetime) -> Found:
        """Their gauges."""
        budgets, shares = self.budgets(connection, now), self.shares(connection, now)
        gaps, waiting = self.gaps(connection, now), self.waiting(connection, now)
        again = self.looking_again(connection)
        return {**counts_found(settings, budgets, gaps, waiting, shares), **again_found(settings, again)}


def business_collector(
    engine: Engine,
    settings: Settings,
    metrics: Metrics,
    *,
    open_cases: Callable[[Connection], Iterable[OpenCases]],
    seconds_to_next_breach: Callable[[Connection, datetime], Mapping[ClockName, float]],
    targets: Callable[[Connection], Iterable[TargetSummary]],
    listeners: Callable[[Connection], Iterable[ListenerState]],
    backlog: Callable[[Connection], Backlog],
    queues: Mapping[str, Callable[[], int]],
    listening: Collection[str],
    figures: ListenerFigures = ListenerFigures(),
    incidents: Callable[[Connection], Mapping[str, int]] = lambda _connection: {},
) -> StateCollector:
    """The collector of this installation. `listening` names the enabled listeners that run by themselves: one of them
    that has never reported is down, while one that others hand posts to is unknown until they do."""

    def database(name: str, read: Callable[[Connection, datetime], Found]) -> Part:
        return Part(name, lambda: _read(engine, lambda connection: read(connection, clock.now())))

    def read_cases(connection: Connection, _now: datetime) -> Found:
        rows = list(open_cases(connection))
        for row in rows:
            start_breaches_at_zero(metrics, row.channel, row.severity)
        return cases_found(rows, metrics.channels)

    return StateCollector(
        [
            Lane(
                [
                    database("cases", read_cases),
                    database("incidents", lambda c, _now: incidents_found(settings, incidents(c))),
                    database("clocks", lambda c, now: clocks_found(seconds_to_next_breach(c, now))),
                    # Mentions before the outbox, the way of a post: who finds both empty has missed none in between.
                    database("mentions", lambda c, now: backlog_found(backlog(c), now)),
                    database("outbox", lambda c, now: targets_found(targets(c), settings.targets, now)),
                    database(
                        "listeners",
                        lambda c, now: {
                            **listeners_found(listeners(c), settings, listening, now),
                            **figures.found(c, settings, now),
                        },
                    ),
                ]
            ),
            Lane([Part("queues", lambda: {gauges.QUEUE_DEPTH: {(name,): depth() for name, depth in queues.items()}})]),
        ]
    )


def _read(engine: Engine, read: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        connection.execute(_CAREFULLY)
        return read(connection)


def cases_found(rows: Iterable[OpenCases], channels: Channels) -> Found:
    """Open cases."""
    found = Counter[tuple[str, ...]]()
    for row in rows:
        found[row.severity, channels.label(row.channel), row.state] += row.count
    return {gauges.CASES_OPEN: found}


def incidents_found(settings: Settings, found: Mapping[str, int]) -> Found:
    """Open incidents: zero for a watchlist that has none."""
    return {gauges.INCIDENTS_OPEN: {(w.name,): found.get(w.name, 0) for w in settings.watchlists}}


def clocks_found(seconds: Mapping[ClockName, float]) -> Found:
    """The next breach of each clock that runs anywhere."""
    return {gauges.NEXT_BREACH: {(name.value,): left for name, left in seconds.items()}}


def targets_found(rows: Iterable[TargetSummary], configured: Iterable[str], now: datetime) -> Found:
    """The outbox. A configured target with nothing to tell is zero; one no longer configured shows what is left."""
    by_target = {row.target: row for row in rows}
    names = sorted({*by_target, *configured})
    stand = [(name, by_target.get(name)) for name in names]
    return {
        gauges.OUTBOX_PENDING: {(name,): row.pending if row else 0 for name, row in stand},
        gauges.OUTBOX_OLDEST: {(name,): age(row.oldest_at, now) if row else 0 for name, row in stand},
        gauges.DEAD_LETTERS: {(name,): row.dead if row else 0 for name, row in stand},
        gauges.TARGET_PAUSED: {
            (name,): float(row is not None and row.paused_until is not None and row.paused_until > now)
            for name, row in stand
        },
    }


def backlog_found(row: Backlog, now: datetime) -> Found:
    """What waits to be assessed."""
    return {gauges.MENTIONS_PENDING: {(): row.pending}, gauges.MENTIONS_OLDEST: {(): age(row.oldest_received_at, now)}}


def listeners_found(
    rows: Iterable[ListenerState], settings: Settings, listening: Collection[str], now: datetime
) -> Found:
    """The enabled listeners, each as well as its worst part."""
    enabled = {name: entry for name, entry in settings.listeners.items() if entry.enabled}
    parts: dict[str, list[ListenerState]] = {}
    for row in rows:
        if row.listener in enabled:
            parts.setdefault(row.listener, []).append(row)
    heard = {name: [at for row in own if (at := row.last_success_at)] for name, own in parts.items()}
    return {
        gauges.LISTENER_INFO: {(name, entry.kind): 1 for name, entry in enabled.items()},
        gauges.LISTENER_UP: {
            (name,): float(name in parts and all(row.up for row in parts[name])) for name in {*listening, *parts}
        },
        gauges.LISTENER_LAG: {(name,): max(row.lag(now) for row in own) for name, own in parts.items()},
        gauges.LISTENER_QUIET: {(name,): age(max(at), now) for name, at in heard.items() if at},
    }


def counts_found(
    settings: Settings,
    budgets: Mapping[str, int],
    gaps: Mapping[str, int],
    waiting: Mapping[str, float],
    shares: Mapping[tuple[str, str], int],
) -> Found:
    """What the enabled listeners may still read, where that is counted, and what they missed."""
    enabled = [name for name, entry in settings.listeners.items() if entry.enabled]
    return {
        gauges.BUDGET_REMAINING: {(name,): left for name, left in budgets.items() if name in enabled},
        gauges.WATCHLIST_BUDGET: {key: left for key, left in shares.items() if key[0] in enabled},
        gauges.LISTENER_GAPS: {(name,): gaps.get(name, 0) for name in enabled},
        gauges.GAP_WAITING: {(name,): waiting.get(name, 0.0) for name in enabled},
    }


def again_found(settings: Settings, again: Mapping[str, bool]) -> Found:
    """Which enabled listeners can look posts up again, of those that do."""
    enabled = {name for name, entry in settings.listeners.items() if entry.enabled}
    return {gauges.RECHECK_UP: {(name,): float(can) for name, can in again.items() if name in enabled}}


def age(since: datetime | None, now: datetime) -> float:
    """Seconds since then, 0 for never."""
    return max(0.0, (now - since).total_seconds()) if since else 0.0
