"""The command line, run in this process as the shell would run it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from console.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of `--json`."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


Leitstand = Callable[..., Ended]


def commander(capsys: pytest.CaptureFixture[str]) -> Leitstand:
    """A function that runs one command."""

    def run(*words: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run
