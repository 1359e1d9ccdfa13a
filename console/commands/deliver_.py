"""`leitstand deliver`."""

from console.opened import database_in_words
from console.options import DEFAULT_CONFIG, Config
from workers import deliver


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that tells the targets."""
    with database_in_words():
        deliver.main(config)
