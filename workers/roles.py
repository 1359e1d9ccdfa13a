"""The roles of `leitstand run`, each a process of its own."""

from pathlib import Path

from leitstand.settings import Settings
from workers import setup, tree
from workers.tree import Role, Tree


def roles(settings: Settings, config: Path) -> list[Role]:
    """One process a role, `workers.processes` of `work`, each with a slot name that is its own on this host."""
    slots = [("listen", "workers.listen"), ("deliver", "workers.deliver"), ("sweep", "workers.sweep")]
    slots += [(f"work-{number}", "workers.work") for number in range(1, settings.workers.processes + 1)]
    slots += [("serve", "console.serve")]
    return [Role(slot, module, (str(config.resolve()), slot)) for slot, module in slots]


def run(settings: Settings, config: Path) -> None:
    """Supervise everything until told to end, by these settings."""
    setup.hold(config, settings)
    planned = Tree(
        data_dir=str(settings.server.data_dir),
        roles=roles(settings, config),
        postgres=settings.database.url is None,
        redis=settings.redis.url is None,
    )
    tree.run(planned)
