"""Lets each of several things that are done in turn, for ever, fail alone: a fault costs one of them a pause.

What must go on whatever becomes of the whole task is `leitstand.keeping`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from leitstand.clock import NEVER, is_due
from leitstand.database import is_of_data

T = TypeVar("T")


@dataclass
class Resting:
    """Parts of a task, each alone with its faults: one that fails is told, rests, and keeps no other from its turn.

    `tell` is called with the part's name while its fault is at hand, once for each time it fails.
    """

    rest: timedelta
    tell: Callable[[str], object]
    failed_at: dict[str, datetime] = field(default_factory=dict)

    def do(self, part: str, work: Callable[[datetime], T], now: datetime) -> T | None:
        """What the part's work returns; None where it fails or rests.

        Raises OperationalError: where PostgreSQL is away no part is to blame.
        """
        if not is_due(self.failed_at.get(part, NEVER), self.rest, now):
            return None
        try:
            return work(now)
        except Exception as error:  # told by `tell`
            if not is_of_data(error):
                raise
            self.failed_at[part] = now
            self.tell(part)
            return None
