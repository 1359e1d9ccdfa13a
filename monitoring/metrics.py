"""Every metric Leitstand counts, one row each. Gauges of the business are read from SQL at scrape: `gauges`.

Several processes count, one answers /metrics: `slots`.
"""

import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from leitstand.errors import DeliveryOutcome
from leitstand.model import ClockName, Sentiment, Severity, Urgency
from leitstand.settings import Settings
from monitoring import slots
from monitoring.channels import Channels
from monitoring.definitions import Definition

LATENCY = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
DELAY = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
OUTCOMES = ("sent", "expired", *(outcome.value for outcome in DeliveryOutcome))
FETCHES = ("fresh", "unchanged", "failed")
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """What is counted. Names and labels are a contract with dashboards and alert rules; `rows` lists them."""

    def __init__(self, registry: CollectorRegistry, channels: Iterable[str] = ()) -> None:
        self._registry = registry
        self.channels = Channels(channels)
        self.rows: list[Definition] = []
        self.mentions_received = self._counter(
            "leitstand_mentions_received", "Mentions a source handed over.", "listener", "channel"
        )
        self.mentions_matched = self._counter(
            "leitstand_mentions_matched", "Mentions a watchlist matched.", "watchlist"
        )
        self.mentions_assessed = self._counter(
            "leitstand_mentions_assessed", "Mentions assessed.", "language", "sentiment"
        )
        self.urgency_assessed = self._counter("leitstand_mentions_urgency", "Mentions assessed, by urgency.", "urgency")
        self.mentions_parked = self._counter(
            "leitstand_mentions_parked", "Mentions set aside because assessing them failed."
        )
        self.post_to_case = self._histogram(
            "leitstand_post_to_case_seconds", "From a mention received to its case decided.", LATENCY
        )
        self.post_to_notice = self._histogram(
            "leitstand_post_to_notice_seconds", "From a mention received to its notice taken.", LATENCY, "target"
        )
        self.sla_breaches = self._counter(
            "leitstand_sla_breaches", "SLA clocks breached.", "clock", "channel", "severity"
        )
        self.clock_fire_delay = self._histogram(
            "leitstand_clock_fire_delay_seconds", "How late clocks fire after they fall due.", DELAY
        )
        self.calendar_fetches = self._counter(
            "leitstand_calendar_fetches", "Looks at the calendars of rotas, by what became of them.", "rota", "outcome"
        )
        self.deliveries = self._counter(
            "leitstand_deliveries", "Delivery attempts, by what became of them.", "target", "outcome"
        )
        self.listener_gap = self._counter(
            "leitstand_listener_gap_seconds", "Seconds a listener was not listening.", "listener"
        )

        self.let_go = self._counter(
            "leitstand_retention_let_go", "Posts and cases no longer kept, by `[retention]`.", "what"
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        self.rows.append(Definition(name, "counter", meaning, labels))
        return Counter(name, meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
        self.rows.append(Definition(name, "histogram", meaning, labels))
        return Histogram(name, meaning, labels, buckets=buckets, registry=self._registry)


COUNTED = tuple(Metrics(CollectorRegistry()).rows)


def open_metrics(directory: Path, slot: str) -> Metrics:
    """The counters of this process, kept in `directory` under `slot`, or beside it if a living process has that.

    Call it once, before anything else counts: prometheus-client binds its storage when a metric is made.
    Raises ServiceError if the directory cannot be written to.
    """
    claimed = slots.claim(directory, slot)
    channels = slots.label_values(directory, "channel")
    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: claimed)  # type: ignore[no-untyped-call]
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    try:
        return Metrics(CollectorRegistry(), channels)
    finally:  # both files are open now, and a child process must not count into this directory by itself
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def start_at_zero(metrics: Metrics, settings: Settings) -> None:
    """Make every series whose labels are known beforehand: a rate needs the zero before the first count."""
    for what in ("posts", "cases"):
        metrics.let_go.labels(what)
    for listener in settings.listeners:
        metrics.listener_gap.labels(listener)
    for name in (name for name, rota in settings.rotas.items() if rota.ical_url):
        for outcome in FETCHES:
            metrics.calendar_fetches.labels(name, outcome)
    for watchlist in settings.watchlists:
        metrics.mentions_matched.labels(watchlist.name)
    for sentiment in Sentiment:
        metrics.mentions_assessed.labels("unknown", sentiment.value)
    for urgency in Urgency:
        metrics.urgency_assessed.labels(urgency.name.lower())
    for target in settings.targets:
        metrics.post_to_notice.labels(target)
        for outcome in OUTCOMES:
            metrics.deliveries.labels(target, outcome)


def start_breaches_at_zero(metrics: Metrics, channel: str, severity: str) -> None:
    """The same for breaches, once a case shows that its channel exists. Cheap to repeat."""
    if severity in set(Severity):
        for clock in ClockName:
            metrics.sla_breaches.labels(clock.value, metrics.channels.label(channel), severity)


def exposition(directory: Path, collectors: Sequence[Collector] = ()) -> bytes:
    """The text of /metrics: every slot's counters of this host, and what `collectors` read now."""
    registry = CollectorRegistry()
    for collector in itertools.chain([slots.SlotCollector(directory, COUNTED)], collectors):
        registry.register(collector)
    return generate_latest(registry)
