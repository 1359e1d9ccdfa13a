"""The pauses that X demands between two connections of the stream. Pure: times are handed in.

    an established stream ended   at once; one that ends again and again within a minute: 5 s, doubling to 320 s
    no connection                 250 ms more each time, up to 16 s
    an HTTP error                 5 s, doubling to 320 s
    429                           60 s, doubling, or what X says
More than 50 connections in 15 minutes are never opened.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

End = Literal["ended", "network", "http", "limited"]

STEADY = 60.0
NETWORK_STEP, NETWORK_MOST = 0.25, 16.0
HTTP_FIRST, HTTP_MOST = 5.0, 320.0
LIMITED_FIRST, LIMITED_MOST = 60.0, 960.0
PERIOD: Final = 900.0
CONNECTIONS = 45  # of 50: others of the same project may connect too


@dataclass
class Pacing:
    """How it went so far: failures in a row of each kind, and when connections were opened."""

    network: int = 0
    http: int = 0
    limited: int = 0
    hasty: int = 0
    opened: deque[float] = field(default_factory=deque)

    def open(self, now: float) -> None:
        """A connection is tried now."""
        self.opened.append(now)
        while self.opened and self.opened[0] <= now - PERIOD:
            self.opened.popleft()

    def after(self, end: End, held: float, now: float, asked: float = 0.0) -> float:
        """Seconds until the next may be tried. `held` is how long the stream ran, `asked` the wait that X asks for."""
        return max(self._pause(end, held), asked, self._quota(now))

    def _pause(self, end: End, held: float) -> float:
        if end == "network":
            self.network += 1
            return min(NETWORK_MOST, NETWORK_STEP * self.network)
        if end == "http":
            self.http += 1
            return min(HTTP_MOST, HTTP_FIRST * float(2 ** min(self.http - 1, 10)))
        if end == "limited":
            self.limited += 1
            return min(LIMITED_MOST, LIMITED_FIRST * float(2 ** min(self.limited - 1, 10)))
        self.network = self.http = self.limited = 0
        self.hasty = 0 if held >= STEADY else self.hasty + 1
        return 0.0 if self.hasty <= 1 else min(HTTP_MOST, HTTP_FIRST * float(2 ** min(self.hasty - 2, 10)))

    def _quota(self, now: float) -> float:
        recent = [at for at in self.opened if at > now - PERIOD]
        return recent[-CONNECTIONS] + PERIOD - now if len(recent) >= CONNECTIONS else 0.0
