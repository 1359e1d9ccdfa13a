"""Every metric Leitstand counts, one row each. Gauges of the business are read from SQL at scrape: `collector`.

Several processes count, one answers /metrics. Each process slot ("work-1") keeps its counters in memory-mapped files of
its own, named by the slot and not by the process id: a restarted role goes on counting where it stopped, and the number
of files stays the number of slots.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

LATENCY = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
DELAY = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is counted. Names and labels are a contract with dashboards and alert rules."""

    mentions_received: Counter
    mentions_matched: Counter
    mentions_assessed: Counter
    urgency_assessed: Counter
    post_to_case: Histogram
    post_to_notice: Histogram
    sla_breaches: Counter
    clock_fire_delay: Histogram
    deliveries: Counter
    listener_gap: Counter
    mentions_parked: Counter


def open_metrics(directory: Path, slot: str) -> Metrics:
    """The counters of this process, kept in `directory`. `slot` must be this process's alone on this host.

    Call it once, before anything else makes a metric: prometheus-client binds its storage when a metric is made.
    """
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: slot)  # type: ignore[no-untyped-call]
    return metrics(CollectorRegistry())


def metrics(registry: CollectorRegistry) -> Metrics:
    """All metrics, registered with `registry`."""
    r = registry
    return Metrics(
        mentions_received=Counter(
            "leitstand_mentions_received", "Mentions a source handed over.", ["listener", "channel"], registry=r
        ),
        mentions_matched=Counter(
            "leitstand_mentions_matched", "Mentions a watchlist matched.", ["watchlist"], registry=r
        ),
        mentions_assessed=Counter(
            "leitstand_mentions_assessed", "Mentions assessed.", ["language", "sentiment"], registry=r
        ),
        urgency_assessed=Counter(
            "leitstand_mentions_urgency", "Mentions assessed, by urgency.", ["urgency"], registry=r
        ),
        post_to_case=Histogram(
            "leitstand_post_to_case_seconds", "From received to triaged.", buckets=LATENCY, registry=r
        ),
        post_to_notice=Histogram(
            "leitstand_post_to_notice_seconds",
            "From received to the notice taken.",
            ["target"],
            buckets=LATENCY,
            registry=r,
        ),
        sla_breaches=Counter(
            "leitstand_sla_breaches", "Clocks breached.", ["clock", "channel", "severity"], registry=r
        ),
        clock_fire_delay=Histogram(
            "leitstand_clock_fire_delay_seconds", "How late clocks fire after they fall due.", buckets=DELAY, registry=r
        ),
        deliveries=Counter(
            "leitstand_deliveries", "Delivery attempts, by what became of them.", ["target", "outcome"], registry=r
        ),
        listener_gap=Counter(
            "leitstand_listener_gap_seconds", "Time a listener was not listening.", ["listener"], registry=r
        ),
        mentions_parked=Counter(
            "leitstand_mentions_parked", "Mentions set aside because assessing them failed.", registry=r
        ),
    )


def exposition(directory: Path, collectors: Sequence[Collector] = ()) -> bytes:
    """The text of /metrics: every slot's counters of this host, and what `collectors` read now."""
    registry = CollectorRegistry()
    if directory.is_dir():
        MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
