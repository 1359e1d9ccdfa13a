"""`leitstand listen`."""

from console.options import DEFAULT_CONFIG, Config
from workers import listen


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that hears: every source, on this host."""
    listen.main(config)
