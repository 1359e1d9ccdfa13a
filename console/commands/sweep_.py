"""`leitstand sweep`."""

from console.options import DEFAULT_CONFIG, Config
from workers import sweep


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that fires deadlines and finds lost work."""
    sweep.main(config)
