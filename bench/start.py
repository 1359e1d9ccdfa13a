"""How soon the daemon is up: from the command to the first answer of /readyz, on an empty folder and on a used one."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.house import furnished
from bench.report import Figure
from console import spawn

AGAIN = 3


@dataclass(frozen=True, slots=True)
class _Start:
    """Seconds from the command to ready, and of processor time that all its processes had taken by then."""

    wall: float
    processor: float


def measure() -> list[Figure]:
    """The first start makes a database; the best of the others shows what starting costs where nobody disturbs."""
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        first, *others = [_start(Path(folder)) for _ in range(1 + AGAIN)]
    best = min(others, key=lambda start: start.wall)
    return [
        Figure(
            f"the daemon is up: its first start; the best of {AGAIN} others",
            f"{first.wall:.1f} s; {best.wall:.1f} s (processor time {first.processor:.1f} s; {best.processor:.1f} s)",
            "≤ 5 s",
        )
    ]


def _start(folder: Path) -> _Start:
    planned = furnished(folder, workers=1, receiver="http://127.0.0.1:9")
    began = time.perf_counter()
    with spawn.daemon(planned.config, planned.port, planned.token, planned.environment) as running:
        running.wait_ready()
        return _Start(time.perf_counter() - began, _processor_time(running.process.pid))


def _processor_time(pid: int) -> float:
    """Of a process and all its descendants, those that have ended counted in."""
    root = psutil.Process(pid)
    return sum(sum(member.cpu_times()[:4]) for member in (root, *root.children(recursive=True)))
