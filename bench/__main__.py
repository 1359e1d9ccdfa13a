"""`./run bench [matching|streams|feeds|nlp|line|start|latency|clocks|decide|sweep|growth|month …]`: prints the table.

Without names it measures all but what takes many minutes.
"""

import sys

from bench import feeds, growth, line, matching, month, start, stories, streams, triage, understanding
from bench.report import Figure, show

MEASUREMENTS = {
    "matching": matching.measure,
    "streams": streams.measure,
    "feeds": feeds.measure,
    "nlp": understanding.measure,
    "stories": stories.measure,
    "line": line.throughput,
    "start": start.measure,
    "latency": line.latency,
    "clocks": line.clocks,
    "decide": triage.decisions,
    "sweep": triage.sweep,
    "growth": growth.measure,
    "month": month.measure,
}


LONG = ("growth", "month")  # many minutes: only when named


def main(names: list[str]) -> None:
    """Run the named measurements, or all."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there is {', '.join(MEASUREMENTS)}")
    figures: list[Figure] = []
    for name in names or [name for name in MEASUREMENTS if name not in LONG]:
        print(f"measuring {name} …", file=sys.stderr)
        figures += MEASUREMENTS[name]()
    show(figures)


if __name__ == "__main__":
    main(sys.argv[1:])
