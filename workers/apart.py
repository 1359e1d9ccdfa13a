"""Does what is due: together, and without what fails each time.

    what is due ─ together ─► one commit
                     └─ fail ─► halved, down to the one that fails ─► told, left out, tried again alone after a pause

What is left out stays due in PostgreSQL, so it is never lost; whether it has been done is decided there too, so nothing
is doubled. Only the pauses are remembered here: each process has its own.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

import structlog

from leitstand.clock import is_due
from leitstand.database import is_of_data
from leitstand.keeping import delay

log = structlog.get_logger()

T = TypeVar("T", bound=Hashable)

AT_ONCE = 500
MOST = 20  # where more than these fail in one turn it is the fault of none of them


class Work(Protocol[T]):
    """What falls due: how it is found and done. What is done is done in a transaction of its own."""

    def do(self, now: datetime, limit: int, but: Collection[T]) -> int:
        """Do what is due, the longest due first, and none of `but`: how many were due."""
        ...

    def do_these(self, now: datetime, these: Sequence[T]) -> int:
        """Do those of these that are due still: how many were."""
        ...

    def due(self, now: datetime, limit: int, but: Collection[T]) -> list[T]:
        """What `do` would do now. Nothing of them is read but who they are."""
        ...

    def named(self, one: T) -> Mapping[str, int | str]:
        """How one is named in the log."""
        ...


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be done: when it was tried last, and how often."""

    at: datetime
    times: int

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be tried again."""
        return is_due(self.at, timedelta(seconds=delay(self.times)), now)


@dataclass
class Apart(Generic[T]):
    """One process's turns at one kind of work. `left_out` is what could not be done."""

    part: str
    work: Work[T]
    left_out: dict[T, Failed] = field(default_factory=dict)

    def do(self, now: datetime) -> bool:
        """Do what is due: whether there may be more. Raises OperationalError where PostgreSQL fails, and a fault by
        which many fail."""
        try:
            claimed = self.work.do(now, AT_ONCE, self.left_out)
        except Exception as error:  # told of the one that fails by it, or else here
            if not is_of_data(error):
                raise
            known = len(self.left_out)
            claimed = self._do_without_the_faulty(now)
            if len(self.left_out) == known:
                log.warning("what could not be done together has been done apart", part=self.part, exc_info=error)
        again = [[one] for one, failed in self.left_out.items() if failed.is_due(now)]
        self._do_apart(again[:MOST], now)
        return claimed >= AT_ONCE

    def _do_without_the_faulty(self, now: datetime) -> int:
        waiting = self.work.due(now, AT_ONCE, self.left_out)
        self._do_apart([waiting] if waiting else [], now)
        return len(waiting)

    def _do_apart(self, parts: list[list[T]], now: datetime) -> None:
        """Do these parts, each by itself, and the halves of those that fail."""
        most = len(self.left_out) + MOST
        while parts:
            part = parts.pop()
            try:
                claimed = self.work.do_these(now, part)
            except Exception as error:
                if not is_of_data(error):
                    raise
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                    continue
                self._leave_out(part[0], now)
                if len(self.left_out) > most:
                    raise
            else:
                self._take_in(part, claimed)

    def _leave_out(self, one: T, now: datetime) -> None:
        times = self.left_out[one].times + 1 if one in self.left_out else 1
        self.left_out[one] = Failed(now, times)
        if times == 1:
            said = "one of what is due fails and is tried again; the others go on"
            log.exception(said, part=self.part, **self.work.named(one))

    def _take_in(self, part: list[T], claimed: int) -> None:
        for one in part:
            if self.left_out.pop(one, None) and claimed:
                log.info("what failed has been done", part=self.part, **self.work.named(one))
