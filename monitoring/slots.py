"""The files in which processes keep their counters: one slot a process, claimed, mended and read together.

    listen ─┐
    work-1 ─┼─► <directory>/{counter,histogram}_<slot>.db ──read──► /metrics
    serve  ─┘   <directory>/<slot>.lock   held while the process lives

A slot belongs to whoever holds its lock, so two processes never write one file, a killed one leaves no stale claim, and
a restarted one goes on counting where it stopped. The number of files is the most processes that ever ran at once.
"""

import fcntl
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from leitstand.errors import ServiceError
from monitoring.definitions import Definition

log = structlog.get_logger()

ROLES = ("listen", "work", "deliver", "sweep", "serve")
ROLE_PROCESSES = Definition(
    "leitstand_role_processes", "gauge", "Processes alive, of each role that ever ran here.", ("role",)
)
BROKEN_FILES = Definition(
    "leitstand_metrics_files_broken", "gauge", "Counter files that cannot be read and are left out."
)
MOST_PROCESSES = 256
# Written out at once: a memory-mapped write into a hole of a file kills the process when the disk is full.
FILE_SIZE = 256 * 1024
_USED = struct.Struct("i")
_ROLE = re.compile(r"[a-z]+")


def claim(directory: Path, slot: str) -> str:
    """`slot`, or `slot.2`, `slot.3`, … if living processes hold those before it. Held until this process ends."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in [slot, *(f"{slot}.{number}" for number in range(2, MOST_PROCESSES))]:
            lock = os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            _prepare(directory, name)
            return name
    except OSError as error:
        raise ServiceError(f"cannot keep metrics in {directory}: {error.strerror}") from error
    raise ServiceError(f"{MOST_PROCESSES} processes already count in {directory}")


def _prepare(directory: Path, slot: str) -> None:
    """Files that can be written to: a broken one is set aside, a missing one made."""
    for kind in ("counter", "histogram"):
        path = directory / f"{kind}_{slot}.db"
        if path.exists() and not readable(path):
            log.warning("counters were broken and start anew", file=path.name)
            path.rename(path.with_suffix(".broken"))
        if not path.exists():
            path.write_bytes(bytes(FILE_SIZE))


def readable(path: Path) -> bool:
    """Whether every entry of a slot's file can be read."""
    try:
        with path.open("rb") as file:
            (used,) = _USED.unpack(file.read(_USED.size))
        if not 0 <= used <= path.stat().st_size:
            return False
        for key, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
            _family, _sample, labels, _help = json.loads(key)
            labels.items()
    except (OSError, ValueError, AttributeError, TypeError, RuntimeError, struct.error):
        return False
    return True


def label_values(directory: Path, label: str) -> set[str]:
    """The values of a label that were counted on this host so far."""
    found = set[str]()
    for path in filter(readable, directory.glob("*.db")):
        for key, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
            found.add(json.loads(key)[2].get(label, ""))
    return found - {""}


def processes(directory: Path) -> dict[str, int]:
    """How many processes of each role live, of the roles that ever ran with this directory."""
    alive: Counter[str] = Counter()
    for path in directory.glob("*.lock"):
        found = _ROLE.match(path.name)
        if found and found[0] in ROLES:
            alive[found[0]] += _held(path)
    return dict(sorted(alive.items()))


def _held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


class SlotCollector:
    """All slots' counters added up. Of `rows` only: what another version of Leitstand counted is left out."""

    def __init__(self, directory: Path, rows: Iterable[Definition]) -> None:
        self._directory = directory
        self._labels = {row.name: set(row.labels) for row in rows}

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are checked by the tests, not at each scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Counters and histograms of every slot, how many processes live, and how many files had to be left out."""
        files = sorted(self._directory.glob("*.db"))
        good = [path for path in files if readable(path)]
        merged: Iterable[Metric] = MultiProcessCollector.merge([str(path) for path in good])  # type: ignore[no-untyped-call]
        for family in merged:
            labels = self._labels.get(family.name)
            if labels is not None:
                family.samples = [s for s in family.samples if set(s.labels) - {"le"} == labels]
                yield family
        yield GaugeMetricFamily(BROKEN_FILES.name, BROKEN_FILES.help, value=len(files) - len(good))
        living = GaugeMetricFamily(ROLE_PROCESSES.name, ROLE_PROCESSES.help, labels=ROLE_PROCESSES.labels)
        for role, count in processes(self._directory).items():
            living.add_metric([role], count)
        yield living
