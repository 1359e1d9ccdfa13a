"""The roles of `leitstand run`, as processes for the supervisor."""

import sys
from pathlib import Path

from leitstand.settings import Settings
from workers.process import Command
from workers.supervisor import supervise


def role_commands(settings: Settings, config: Path) -> list[Command]:
    """One process a role, `workers.processes` of `work`, each with a slot name that is its own on this host."""
    slots = [("listen", "workers.listen"), ("deliver", "workers.deliver"), ("sweep", "workers.sweep")]
    slots += [(f"work-{number}", "workers.work") for number in range(1, settings.workers.processes + 1)]
    slots += [("serve", "console.serve")]
    return [Command(slot, (sys.executable, "-m", module, str(config.resolve()), slot)) for slot, module in slots]


def run(settings: Settings, config: Path) -> None:
    """Everything, until SIGTERM or SIGINT. Raises ServiceError if a service never works."""
    supervise(
        settings.server.data_dir,
        role_commands(settings, config),
        postgres=settings.database.url is None,
        redis=settings.redis.url is None,
    )
