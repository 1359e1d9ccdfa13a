"""`leitstand deliver`."""

from console.options import DEFAULT_CONFIG, Config
from workers import deliver


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that tells the targets."""
    deliver.main(config)
