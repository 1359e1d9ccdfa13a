"""`leitstand work`."""

from console.options import DEFAULT_CONFIG, Config
from workers import work


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that assesses and triages; start it on as many hosts as you like."""
    work.main(config)
