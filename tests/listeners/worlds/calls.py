"""The line by which a network calls us, when it breaks: before we have taken what it says, or after."""

import random
from dataclasses import dataclass, field

from listeners.hooks import HookRequest
from tests.listeners.worlds.world import Deliver


@dataclass
class Line:
    """Hands calls through to `door`. `breaks`: at the how manieth call, and whether it was taken before the break."""

    door: Deliver
    calls: int = 0
    breaks: dict[int, bool] = field(default_factory=dict)

    def disconnect(self, chance: random.Random, times: int) -> None:
        """Break so many times from now on."""
        places = chance.sample(range(self.calls + 1, self.calls + 1 + 2 * times), times)
        self.breaks = {place: chance.random() < 0.5 for place in places}

    def to_come(self) -> int:
        return sum(place > self.calls for place in self.breaks)

    def __call__(self, request: HookRequest) -> int:
        self.calls += 1
        taken = self.breaks.get(self.calls)
        if taken is not False:
            status = self.door(request)
        if taken is not None:
            raise ConnectionError("the line broke")
        return status
