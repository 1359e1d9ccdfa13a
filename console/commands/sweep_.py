"""`leitstand sweep`."""

from console.opened import database_in_words
from console.options import DEFAULT_CONFIG, Config
from workers import sweep


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that fires deadlines and finds lost work."""
    with database_in_words():
        sweep.main(config)
