"""What the supervisor's children are doing, handed to other processes through a file in the data directory."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME = "supervisor.json"
_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class ChildState:
    """One child. `pid` is None while it does not run; `status` is how it last ended (negative: by that signal)."""

    name: str
    phase: str
    pid: int | None
    starts: int
    status: int | None


def write_child_states(data_dir: Path, states: Sequence[ChildState]) -> None:
    """Replace what was written before, all at once."""
    unfinished = data_dir / f"{_NAME}.new"
    unfinished.write_text(json.dumps([asdict(state) for state in states]))
    unfinished.replace(data_dir / _NAME)


def read_child_states(data_dir: Path) -> tuple[ChildState, ...]:
    """What was written last, nothing if no supervisor has run here."""
    try:
        with (data_dir / _NAME).open("rb") as file:
            return tuple(ChildState(**state) for state in json.loads(file.read(_LIMIT)))
    except FileNotFoundError:
        return ()


def clear_child_states(data_dir: Path) -> None:
    """Nothing runs any more."""
    (data_dir / _NAME).unlink(missing_ok=True)


def running(state: ChildState) -> bool:
    """Whether it runs now, also when the supervisor was killed before it could write that it does not."""
    if state.pid is None:
        return False
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
