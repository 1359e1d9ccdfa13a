"""What a measurement says, and how it is printed."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, ours, the goal, and what a naive way did in the same run ("" if there is none)."""

    what: str
    ours: str
    goal: str
    naive: str = ""


def machine() -> str:
    """The machine in a line: what the figures depend on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return (
        f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )


def show(figures: list[Figure]) -> None:
    """The table."""
    table = Table(title=machine(), title_justify="left")
    for heading in ("what", "ours", "goal", "a naive way, same run"):
        table.add_column(heading, overflow="fold")
    for figure in figures:
        table.add_row(figure.what, figure.ours, figure.goal, figure.naive)
    Console(width=140).print(table)
