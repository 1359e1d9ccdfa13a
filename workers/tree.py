"""The process at the root of `leitstand run`: reads what to supervise from its arguments, and imports nothing more.

It stays for as long as the daemon runs, so it is a process of its own with a quarter of the memory of the command that
checked the configuration and became it.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from leitstand.errors import ServiceError
from workers.logs import configure_logging
from workers.process import Command
from workers.supervisor import supervise

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tree:
    """What to supervise: named roles with their command lines, and which embedded servers."""

    data_dir: str
    roles: list[tuple[str, list[str]]]
    postgres: bool
    redis: bool


def argv(tree: Tree) -> list[str]:
    """The command line that supervises `tree`."""
    return [sys.executable, "-m", "workers.tree", json.dumps(asdict(tree))]


def main(written: str) -> None:
    """Supervise until SIGTERM or SIGINT. Exits with 1 if a service never works."""
    configure_logging("supervisor")
    tree = Tree(**json.loads(written))
    commands = [Command(name, tuple(command)) for name, command in tree.roles]
    try:
        supervise(Path(tree.data_dir), commands, postgres=tree.postgres, redis=tree.redis)
    except ServiceError as error:
        log.error("cannot run", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
