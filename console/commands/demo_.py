"""`leitstand demo`."""

import secrets
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from console import demo_run, spawn
from console.options import Unread
from console.receiver import Received


def command(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data; made anew each time.")] = Path(
        "var/demo"
    ),
    speed: Annotated[float, typer.Option(min=0, help="How many times faster than the day itself; 0: at once.")] = 480,
    port: Annotated[int, typer.Option(help="The console's port; another is taken if it is in use.")] = 8080,
    leave: Annotated[bool, typer.Option("--exit", help="Stop when the day is over, instead of at Ctrl-C.")] = False,
    config: Unread = None,
) -> None:
    """Run the whole daemon on a bundled bad day, and watch it being handled.

    It has a configuration of its own and tells nobody outside; yours is not read.
    """
    say = Console()
    told: list[Received] = []
    token = secrets.token_urlsafe(24)

    def tell(notice: Received) -> None:
        told.append(notice)
        if not notice.again:
            demo_run.show(notice, say)

    # As Ctrl-C does: the daemon must not outlive its demo, also where a shell started this with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    demo_run.forget(folder)
    say.print("Starting PostgreSQL, Redis and the daemon …")
    try:
        with demo_run.daemon(folder, spawn.free_port(port), tell, token) as running:
            say.print(
                f"The console: [bold]{running.url}/[/] – sign in with the token [bold]{token}[/]", highlight=False
            )
            say.print("It is six o'clock on a Tuesday at Acme Cloud. What people are told appears here:")
            demo_run.play(running, speed, say)
            say.print(f"[bold]22:00.[/] {demo_run.summary(running.cases(), told)}", highlight=False)
            if not leave:
                say.print("The daemon goes on; deadlines run in real time. Ctrl-C ends it.")
                threading.Event().wait()
    except KeyboardInterrupt:
        say.print("Stopped.")
