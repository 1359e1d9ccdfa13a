"""`leitstand doctor`."""

from collections.abc import Iterator

import typer
from rich.console import Console
from sqlalchemy import text

from console.health import gaps, host, services, working
from console.health.finding import Finding, State
from console.health.shown import show
from console.offline.wording import count
from console.opened import Opened, opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from console.serve import ping
from escalation_bridge import ledger
from leitstand import clock
from listeners import cursors, pending
from monitoring import health
from workers import queues


def command(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Look at an installation that runs: its roles, what waits, what was given up, who is not heard, and what to do.

    Exit code 1 if a part is down. `leitstand check` looks at one that is not started yet.

    Example: leitstand doctor
    """
    with opened(config) as house:
        found = list(_all(house))
    say = Console()
    for finding in found:
        print_json(finding) if as_json else show(finding, say)
    doubtful = sum(finding.state is not State.OK for finding in found)
    if not as_json:
        said = f"{count(doubtful, 'part needs', 'parts need')} a look." if doubtful else "All is well."
        typer.echo(f"\n{said}")
    if any(finding.state is State.FAIL for finding in found):
        raise typer.Exit(1)


def _all(house: Opened) -> Iterator[Finding]:
    settings, now = house.settings, clock.now()
    yield from gaps.gaps(settings)
    yield host.data_dir(settings.server.data_dir)[0]
    yield from services.sentinels(settings)
    with queues.connect(house.place.redis_url) as redis:
        facts = health.look(house.engine, lambda: ping(redis), house.place.metrics_dir)
    yield from working.parts([part for part in health.judge(facts) if part.name != "disk"])  # told with data_dir
    with house.engine.connect() as connection:
        yield working.clocks(clock.now(), connection.execute(text("SELECT clock_timestamp()")).scalar_one())
        yield from working.backlog(pending.backlog(connection), now)
        yield from working.targets(ledger.summary(connection), now)
        yield from working.listeners(cursors.states(connection), now)
