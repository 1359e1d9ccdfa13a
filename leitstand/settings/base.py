"""Durations, names, and what a table of the configuration is."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

# Counted from any post's time, forwards or back, it must still lead to a date, also where a reminder takes ten of it.
LONGEST = timedelta(days=36_500)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw]\s*)+")


def parse_duration(value: object) -> timedelta:
    """`90s`, `15m`, `1h30m`, `2d`. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value.strip()):
        raise ValueError('must be a duration such as "90s", "15m", "1h30m" or "2d"')
    seconds = sum(float(n) * _UNITS[u] for n, u in re.findall(r"(\d+(?:\.\d+)?)([smhdw])", value))
    if seconds > LONGEST.total_seconds():
        raise ValueError("must be a duration of 36500d or less")
    return timedelta(seconds=seconds)


def show_duration(value: timedelta) -> str:
    """The shortest way to write a duration: `1h30m`."""
    left, parts = int(value.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(show_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?[smhdw]\s*)+$", "examples": ["15m", "1h30m"]}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", examples=["cloud-support"])]
Account = Annotated[str, Field(pattern=r"^[a-z0-9_-]+:.+$", description="channel:handle", examples=["x:acme"])]


class Section(BaseModel):
    """A table of the file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Hours = Annotated[str, Field(pattern=r"^\d{1,2}:\d\d-\d{1,2}:\d\d$", examples=["08:00-18:00"])]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]
