"""`leitstand serve`."""

from console import serve
from console.options import DEFAULT_CONFIG, Config


def command(config: Config = DEFAULT_CONFIG) -> None:
    """Run only the role that serves the console, the API and /metrics."""
    serve.main(config)
