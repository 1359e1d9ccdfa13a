"""Reads the state of the house when Prometheus asks, for at most so long, and says which parts could not be read.

A part that fails or hangs costs only its own gauges: they are absent, never old or invented, and `scrape_ok` is 0.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from leitstand import __version__
from monitoring.definitions import Definition
from monitoring.gauges import BUILD_INFO, GAUGES, SCRAPE_OK

log = structlog.get_logger()

LIMIT = 5.0  # Prometheus itself waits for 10
FRESH = 1.0

Series = Mapping[tuple[str, ...], float]
Found = Mapping[Definition, Series]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the state. `look` returns the values of its gauges by their labels; what it raises is a failure."""

    name: str
    look: Callable[[], Found]


@dataclass
class Lane:
    """Parts that are read one after the other, because they share what may hang. One round is under way at a time."""

    parts: Sequence[Part]
    _thread: threading.Thread | None = None
    _found: dict[str, Found] = field(default_factory=dict)
    _failing: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Start a round, unless an earlier one still hangs: then there is nothing new."""
        self._found = {}
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, args=(self._found,), daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> Mapping[str, Found]:
        """What this round found by then, by part."""
        if self._thread:
            self._thread.join(max(0.0, seconds))
        return dict(self._found)

    def _look(self, found: dict[str, Found]) -> None:
        for part in self.parts:
            try:
                found[part.name] = part.look()
            except Exception as error:
                if part.name not in self._failing:
                    fault = not isinstance(error, OSError | SQLAlchemyError | RedisError)
                    log.warning("gauges cannot be read", part=part.name, reason=type(error).__name__, exc_info=fault)
                self._failing.add(part.name)
            else:
                self._failing.discard(part.name)


class StateCollector:
    """A prometheus-client collector of every gauge in `gauges`. Two scrapes within a second read once."""

    def __init__(self, lanes: Sequence[Lane], *, limit: float = LIMIT, fresh: float = FRESH) -> None:
        self._lanes, self._limit, self._fresh = lanes, limit, fresh
        self._lock = threading.Lock()
        self._families: list[Metric] = []
        self._read_at = -fresh

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are checked by the tests, not at each scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every gauge, those without a value too."""
        with self._lock:
            if time.monotonic() - self._read_at >= self._fresh:
                self._families = families(self._read())
                self._read_at = time.monotonic()
            yield from list(self._families)

    def _read(self) -> Found:
        deadline = time.monotonic() + self._limit
        for lane in self._lanes:
            lane.start()
        found: dict[Definition, Series] = {BUILD_INFO: {(__version__,): 1.0}}
        told: dict[tuple[str, ...], float] = {}
        for lane in self._lanes:
            by_part = lane.wait(deadline - time.monotonic())
            told |= {(part.name,): float(part.name in by_part) for part in lane.parts}
            for part in by_part.values():
                found |= part
        return {**found, SCRAPE_OK: told}


def families(found: Found) -> list[Metric]:
    """All gauges in their order, each with the values found."""
    made: list[Metric] = []
    for row in GAUGES:
        family = GaugeMetricFamily(row.name, row.help, labels=row.labels)
        for labels, value in sorted(found.get(row, {}).items()):
            family.add_metric(labels, value)
        made.append(family)
    return made
