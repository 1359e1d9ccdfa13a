"""The process at the root of `leitstand run`: what it supervises, and what it does before the roles begin.

It imports what the roles have in common and forks them from itself, so that this memory is there once and a role that
was killed is back in a moment. It is the very process that checked the configuration: what that imported is half of
what the roles need, and reading it twice would be a third of the time until all is up.
"""

import gc
import importlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog
from setproctitle import setproctitle

from leitstand.errors import OUTDATED, OutdatedError, ServiceError
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


@cache
def warm() -> None:
    """Import what the roles share, and keep the collector away from it: it would write to every page.

    They also share which revision they need: it is told by files, and another version may be installed meanwhile.
    """
    importlib.import_module("workers.warm")
    importlib.import_module("leitstand.database").newest_revision()
    gc.collect()
    gc.freeze()


def run(tree: Tree) -> None:
    """Supervise until SIGTERM or SIGINT. Exits with 1 if a service never works, OUTDATED for a newer version."""
    configure_logging("supervisor")
    setproctitle(f"leitstand run {tree.data_dir}")
    commands = [Command(role.slot, role.arguments, module=role.module) for role in tree.roles]
    try:
        supervise(Path(tree.data_dir), commands, postgres=tree.postgres, redis=tree.redis, meanwhile=warm)
    except OutdatedError as error:
        log.error("ended to make way", reason=str(error))
        sys.exit(OUTDATED)
    except ServiceError as error:
        log.error("cannot run", reason=str(error))
        sys.exit(1)
