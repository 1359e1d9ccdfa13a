"""A finding as one line on a terminal."""

from rich.console import Console
from rich.text import Text

from console.health.finding import Finding, State

_STYLE = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


def show(finding: Finding, say: Console) -> None:
    """Print the state in its colour, the part, what was found, and what to do about it."""
    mark = Text(f"{finding.state.value:<5}", _STYLE[finding.state])
    advice = f" – {finding.advice}" if finding.advice else ""
    say.print(Text.assemble(mark, f"{finding.part:<14} ", finding.said, advice), soft_wrap=True)
