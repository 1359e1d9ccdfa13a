"""`leitstand run`."""

from console.options import DEFAULT_CONFIG, Config
from workers import roles, setup


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run everything: all five roles, with embedded PostgreSQL and Redis where none is named."""
    roles.run(setup.load(config), config)
