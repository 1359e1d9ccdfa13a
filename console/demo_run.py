"""The demonstration: the real daemon in processes of its own, fed with the bundled day over its real API.

bundled day ─HTTP─► leitstand run (embedded PostgreSQL and Redis) ─signed webhooks─► a receiver that checks them
"""

import secrets
import shutil
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from console import scenario, spawn
from console.offline.wording import count
from console.receiver import Received, receiver
from console.spawn import Daemon
from leitstand import clock
from leitstand.errors import ServiceError

SETTLE_LIMIT = 60.0
TICK = timedelta(milliseconds=500)
MARK = ".leitstand-demo"


def forget(folder: Path) -> None:
    """Remove an earlier demo's data. Refuses a folder that holds anything else."""
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ServiceError(f"{folder} is not an earlier demo's folder: name another with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


@contextmanager
def daemon(folder: Path, port: int, told: Callable[[Received], None], token: str, more: str = "") -> Iterator[Daemon]:
    """The daemon on the demo's configuration, with a receiver for its webhooks, until the end of the block.

    `more` is added to the configuration's end.
    """
    config = folder / "leitstand.toml"
    config.write_text(scenario.CONFIGURATION.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}") + more)
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    with receiver(secret, told) as address:
        environment = {
            "LEITSTAND_DEMO_RECEIVER": address,
            "LEITSTAND_DEMO_SECRET": secret,
            "LEITSTAND_DEMO_TOKEN": token,
        }
        with spawn.daemon(config, port, token, environment) as running:
            running.wait_ready()
            yield running


def show(notice: Received, say: Console) -> None:
    """One line on what somebody was told."""
    case = notice.body["data"]["case"]
    said = f" ← {notice.body['type']}, case {case['number']} ({case['severity']}, {case['channel']}): "
    # In one piece: another notice may be shown at the same time.
    say.print(Text.assemble((notice.path.strip("/"), "bold red"), said, notice.body["data"]["reason"]))


def play(running: Daemon, speed: float, say: Console) -> None:
    """Send the day, `speed` times as fast as it happened; 0: as fast as it goes."""
    day = scenario.posts()
    started, pause = time.monotonic(), threading.Event()
    columns = (
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} posts"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=say) as progress:
        task = progress.add_task("day", total=len(day), clock="06:00")
        for due, group in scenario.schedule(day, speed or 1e9, TICK):
            if speed:
                pause.wait(max(0.0, started + due.total_seconds() - time.monotonic()))
            running.post("/api/v1/mentions", scenario.body(group, clock.now())).raise_for_status()
            progress.update(task, advance=len(group), clock=group[-1].time_of_day)
    running.wait_handled(SETTLE_LIMIT)


def summary(cases: list[dict[str, object]], told: list[Received]) -> str:
    """What the day came to, in a few lines. A case that an incident gathered is not paged: its incident is."""
    by_severity = Counter(str(case["severity"]) for case in cases)
    listed = ", ".join(f"{number} {severity}" for severity, number in sorted(by_severity.items()))
    pages = [notice for notice in told if notice.path == "/sev1"]
    incidents, paged = _numbers(pages, incident=True), _numbers(pages, incident=False)
    held = sum(
        case["severity"] == "sev1" and case["incident"] is not None and case["number"] not in paged for case in cases
    )
    gathered = f" and {count(len(incidents), 'incident')}, holding the pages of {count(held, 'Sev1 case')} more"
    doubled = sum(notice.again for notice in pages)
    once = f"{count(doubled, 'notice')} came twice" if doubled else "each notice signed and delivered once"
    told_of = count(len(paged), "case") + (gathered if incidents else "")
    return f"{count(len(cases), 'case')}: {listed}. The Sev1 group was told of {told_of}; {once}."


def _numbers(pages: list[Received], *, incident: bool) -> set[object]:
    """The cases that were paged by themselves, or those that stand for an incident."""
    return {
        page.body["data"]["case"]["number"] for page in pages if page.body["type"].startswith("incident.") is incident
    }
