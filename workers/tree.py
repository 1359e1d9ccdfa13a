"""The process at the root of `leitstand run`: reads what to supervise from its arguments.

It imports what the roles have in common and forks them from itself, so that this memory is there once and a role that
was killed is back in a moment. It is a program of its own: the command that checked the configuration became it, and
left behind what it had read.
"""

import gc
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog
from setproctitle import setproctitle

from leitstand.errors import ServiceError
from workers.logs import configure_logging
from workers.process import Command
from workers.supervisor import supervise

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Role:
    """A role's slot, its module, and the arguments of the module's `main`."""

    slot: str
    module: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """What to supervise: the roles, and which embedded servers."""

    data_dir: str
    roles: list[Role]
    postgres: bool
    redis: bool


def argv(tree: Tree) -> list[str]:
    """The command line that supervises `tree`."""
    return [sys.executable, "-m", "workers.tree", msgspec.json.encode(tree).decode()]


def warm() -> None:
    """Import what the roles share, and keep the collector away from it: it would write to every page."""
    importlib.import_module("workers.warm")
    gc.collect()
    gc.freeze()


def main(written: str) -> None:
    """Supervise until SIGTERM or SIGINT. Exits with 1 if a service never works."""
    configure_logging("supervisor")
    tree = msgspec.json.decode(written, type=Tree)
    setproctitle(f"leitstand run {tree.data_dir}")
    commands = [Command(role.slot, role.arguments, module=role.module) for role in tree.roles]
    try:
        supervise(Path(tree.data_dir), commands, postgres=tree.postgres, redis=tree.redis, meanwhile=warm)
    except ServiceError as error:
        log.error("cannot run", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
