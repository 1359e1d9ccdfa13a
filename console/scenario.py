"""The bundled day: reads it, and turns its clock into ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "demo"
DAY = FOLDER / "bad_tuesday.jsonl"
CONFIGURATION = FOLDER / "leitstand.toml"
STARTS_AT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Post:
    """One post of the day: `at` since the day's start, `form` as the API takes it, `truth` as a person judged it."""

    at: timedelta
    form: dict[str, Any]
    truth: dict[str, Any]

    @property
    def time_of_day(self) -> str:
        """The day's own clock, as HH:MM."""
        minutes = int((STARTS_AT + self.at).total_seconds()) // 60
        return f"{minutes // 60:02}:{minutes % 60:02}"


def posts() -> list[Post]:
    """The day's posts in their order."""
    rows = [msgspec.json.decode(line) for line in DAY.read_bytes().splitlines() if line.strip()]
    return [
        Post(timedelta(seconds=row.pop("at")), {k: v for k, v in row.items() if k != "truth"}, row["truth"])
        for row in rows
    ]


def schedule(day: list[Post], speed: float, tick: timedelta) -> Iterator[tuple[timedelta, list[Post]]]:
    """The posts in groups, each with the time from the start at which it is sent when the day runs at `speed`."""
    group: list[Post] = []
    until = tick
    for post in day:
        due = post.at / speed
        while due > until:
            if group:
                yield until, group
                group = []
            until += tick
        group.append(post)
    if group:
        yield until, group


def body(group: list[Post], now: datetime) -> bytes:
    """The request that sends a group, as if written now: the clocks of its cases start now, too."""
    return msgspec.json.encode({"mentions": [{**post.form, "created_at": now} for post in group]})
