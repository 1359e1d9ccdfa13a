"""Writes the boards: `python -m monitoring.grafana.build`. The files are committed; a test holds them to this code."""

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.grafana.wall import wall

BOARDS = Path(__file__).parent / "boards"


def generated() -> dict[str, str]:
    """Each board's file name and content."""
    return {"wall.json": JSONEncoder(sort_keys=True, indent=2).encode(wall().build()) + "\n"}


if __name__ == "__main__":
    BOARDS.mkdir(exist_ok=True)
    for name, content in generated().items():
        (BOARDS / name).write_text(content)
