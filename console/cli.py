"""The `leitstand` command. Only the command that is asked for is imported, so that each starts quickly.

Exit codes: 0 ok, 1 failed, 2 bad usage or configuration, 75 the database belongs to a newer version.
"""

import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from leitstand import __version__
from leitstand.errors import OUTDATED, ConfigurationError, InputError, LeitstandError, OutdatedError

FAILED, BAD_USAGE, INTERRUPTED = 1, 2, 130

COMMANDS = {
    "init": "Write a commented configuration and a secrets file to start from.",
    "try": "Show what would happen to the posts of a source or file; nothing is stored or sent.",
    "check": "Validate the configuration, open database, Redis and data_dir; --online asks every source and target.",
    "integrations": "List every source and target, the secrets each needs, and where they are issued.",
    "demo": "Run the whole daemon on a bundled bad day, and watch it being handled.",
    "run": "Run everything: all five roles, with embedded PostgreSQL and Redis where none is named.",
    "listen": "Run only the role that hears: every source, on this host.",
    "work": "Run only the role that assesses and triages; start it on as many hosts as you like.",
    "deliver": "Run only the role that tells the targets.",
    "sweep": "Run only the role that fires deadlines and finds lost work.",
    "serve": "Run only the role that serves the console, the API and /metrics.",
    "replay": "Feed a file of posts (JSON lines) through the running daemon.",
    "assess": "Assess the posts of a file offline: language, sentiment, urgency, intents, and why.",
    "train": "Train a model of your own on labelled posts, starting from the shipped one.",
    "evaluate": "Measure a model on labelled posts, by language and by class.",
    "query": "Explain, check and try a watchlist query.",
    "stories": "Put the posts of a file into stories: reposts, copies, the same link.",
    "rules": "Try the rules of the configuration on the posts of a file.",
    "cases": "List the open cases, or show one with its timeline.",
    "report": "Tell the figures of a period, as a table, CSV, JSON or one page with charts.",
    "incidents": "Show incidents, or what the detector would have found in a file of posts.",
    "escalation": "Show who is told when and who is on call; silence it; run escalations as projects.",
    "deliveries": "List what is being delivered, or send dead letters again.",
    "listeners": "Show how each listener is doing.",
    "knowledge": "Search solved cases, lessons and articles, or tell what is asked most.",
    "digest": "Show a week's digest for the product team, as it was sent or would be.",
    "erase": "Erase an author everywhere, and tell every target that had a copy.",
    "doctor": "Look at an installation that runs: what waits, what was given up, and what to do.",
    "db": "Bring the database's schema up to date; see what it keeps no longer.",
}


def _not_asked_for() -> None:
    """Stands in the list of commands; the one that is asked for is replaced by the real one."""


def build(chosen: str | None) -> typer.Typer:
    """The command line, with the `chosen` command loaded and the others named."""
    app = typer.Typer(
        name="leitstand",
        help=f"Leitstand {__version__}: listens to what people say about you, and wakes whom it concerns.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, summary in COMMANDS.items():
        if name != chosen:
            app.command(name, help=summary)(_not_asked_for)
            continue
        module = importlib.import_module(f"console.commands.{name}_")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=module.app.info.help or summary)
        else:
            app.command(name)(module.command)
    return app


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    # A process is one core's work, and more processes are how it grows: numpy's own threads would only fight for cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # To start is to make some hundred thousand objects that stay: looking at them after every 700 takes a tenth longer.
    gc.set_threshold(20_000)
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):
        typer.echo(f"leitstand {__version__}")
        return
    _open_streams()
    try:
        try:
            build(next((word for word in words if not word.startswith("-")), None))(words)
        finally:
            sys.stdout.flush()
    except (ConfigurationError, InputError) as error:
        typer.echo(str(error), err=True)
        sys.exit(BAD_USAGE)
    except LeitstandError as error:
        typer.echo(f"leitstand: {error}", err=True)
        sys.exit(OUTDATED if isinstance(error, OutdatedError) else FAILED)
    except KeyboardInterrupt:  # while it starts; what runs stops by itself
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `leitstand cases | head`
        sys.stderr.close()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the rest would fail once more at the end
        typer.echo(
            f"leitstand: cannot write{f' {error.filename}' if error.filename else ''}: {error.strerror}", err=True
        )
        sys.exit(FAILED)


def _open_streams() -> None:
    """Whoever started this may have closed them, as `leitstand check >&-` does."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 – as long as the process
