"""`./run bench [matching|nlp|line|latency|clocks|decide|sweep …]`: prints the table; without names, all of it."""

import sys

from bench import line, matching, triage, understanding
from bench.report import Figure, show

MEASUREMENTS = {
    "matching": matching.measure,
    "nlp": understanding.measure,
    "line": line.throughput,
    "latency": line.latency,
    "clocks": line.clocks,
    "decide": triage.decisions,
    "sweep": triage.sweep,
}


def main(names: list[str]) -> None:
    """Run the named measurements, or all."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there is {', '.join(MEASUREMENTS)}")
    figures: list[Figure] = []
    for name in names or MEASUREMENTS:
        print(f"measuring {name} …", file=sys.stderr)
        figures += MEASUREMENTS[name]()
    show(figures)


if __name__ == "__main__":
    main(sys.argv[1:])
