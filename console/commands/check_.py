"""`leitstand check`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from console.health import gaps, host, outside, services, understanding
from console.health.finding import Finding, State
from console.health.shown import show
from console.offline.wording import count
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand.errors import ConfigurationError
from leitstand.settings import Settings
from workers import setup


def command(
    config: Config = DEFAULT_CONFIG,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask every source and target; nothing is stored or sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Validate the configuration whole, then really open database, Redis, data_dir and address.

    Exit code 2: the configuration is wrong. 1: something it needs does not work. 0: `leitstand run` will start.

    Example: leitstand check --online
    """
    try:
        settings = setup.load(config)
    except ConfigurationError as error:
        if not as_json:
            raise
        for problem in error.problems:
            print_json({"part": problem.path or "configuration", "state": "fail", "said": str(problem), "advice": ""})
        raise typer.Exit(2) from None
    found = []
    say, waiting = Console(), Console(stderr=True)
    with waiting.status("looking …"):
        for finding in _all(settings, online):
            found.append(finding)
            if as_json:
                print_json(finding)
            else:
                show(finding, say)
    failed = sum(finding.state is State.FAIL for finding in found)
    if not as_json:
        typer.echo(f"\n{_verdict(settings, found, config)}")
    if failed:
        raise typer.Exit(1)


def _all(settings: Settings, online: bool) -> Iterator[Finding]:
    yield from gaps.gaps(settings)
    yield from understanding.understanding(settings)
    folder, runs = host.data_dir(settings.server.data_dir)
    yield folder
    if folder.state is not State.FAIL or settings.database.url:
        yield services.postgres(settings)
    if folder.state is not State.FAIL or settings.redis.url:
        yield from services.sentinels(settings)
        yield services.redis(settings)
    yield host.address(settings, runs=runs)
    if online:
        yield from outside.outside(settings)


def _verdict(settings: Settings, found: list[Finding], config: Path) -> str:
    failed = sum(finding.state is State.FAIL for finding in found)
    doubtful = sum(finding.state is State.WARN for finding in found)
    if failed:
        return f"{count(failed, 'part does', 'parts do')} not work: mend what is marked fail, then check again."
    doubts = f" ({count(doubtful, 'warning')})" if doubtful else ""
    console = f"{settings.server.public_url}/"
    if host.holder(settings.server.data_dir):
        return f"Leitstand runs{doubts}: {console}"
    option = "" if config == DEFAULT_CONFIG else f" --config {config}"
    return f"Ready{doubts}. Next: leitstand run{option}, then open {console}"
