"""A process that counts, as a role does: told on stdin how often, it says on stdout that it has, until it is killed."""

import sys
from pathlib import Path

import structlog

from monitoring.metrics import open_metrics


def main(directory: Path, slot: str) -> None:
    """Count deliveries as many times as each line of stdin says."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    metrics = open_metrics(directory, slot)
    print("open", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            metrics.deliveries.labels("group", "sent").inc()
            metrics.post_to_notice.labels("group").observe(0.02)
        print("counted", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
