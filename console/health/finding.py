"""What a check found out about one part."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """ok | warn: it runs, but perhaps not as meant | fail: it will not run."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, how it is, and what to do about it ("" where nothing)."""

    part: str
    state: State
    said: str
    advice: str = ""
