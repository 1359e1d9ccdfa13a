"""Posts that say one thing, on any network, told as one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoryView:
    """What is told of a story: posts that say one thing, on any network.

    `number` is the mention it began with, `first` the earliest and `loudest` the one by the author whom most follow.
    `reach` is how many follow its authors, each author counted once. `last_hour` and `hour_before` show its growth.
    """

    number: int
    posts: int
    authors: int
    reach: int
    channels: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    last_hour: int
    hour_before: int
    first: int
    loudest: int
