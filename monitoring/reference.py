"""The table in docs/metrics.md: `python -m monitoring.reference` writes it anew, a test holds it to the code."""

from pathlib import Path

from monitoring.definitions import Definition
from monitoring.gauges import GAUGES
from monitoring.metrics import COUNTED
from monitoring.slots import BROKEN_FILES, ROLE_PROCESSES

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
BEGIN, END = "<!-- generated: python -m monitoring.reference -->\n", "<!-- end -->\n"
ROWS: tuple[Definition, ...] = (*COUNTED, *GAUGES, ROLE_PROCESSES, BROKEN_FILES)


def table() -> str:
    """Every metric: its name as it is queried, what it is, its labels, what it means."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for row in ROWS:
        name = row.name if row.kind == "histogram" else row.sample_names[0]
        labels = ", ".join(f"`{label}`" for label in row.labels)
        lines.append(f"| `{name}` | {row.kind} | {labels} | {row.help} |")
    return "\n".join(lines) + "\n"


def page(old: str) -> str:
    """The page with the table of today. Raises ValueError if the marks are gone."""
    before, _, rest = old.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page has lost its mark {BEGIN.strip()} or {END.strip()}")
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
