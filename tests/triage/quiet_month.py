"""A month in which nothing happens, seeded: days and nights, weekends, and one campaign that harms nobody."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from triage.incidents.backtest import Heard
from triage.incidents.signals import SLOTS, Signal

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, PEAK, TROUBLE = 30, 0.5, 0.03
_CAMPAIGN = 14 * 1440 + 600, 240
_EVERYTHING = (Signal.TROUBLE, Signal.IMPACT)


def month(seed: int) -> list[Heard]:
    """Everybody who wants something of the brand: few at night, half as many at weekends, some in real trouble."""
    chance = random.Random(seed)
    voices = [voice for minute in range(DAYS * 1440) for voice in _minute(minute, chance)]
    return sorted(voices, key=lambda heard: heard.at)


def _minute(minute: int, chance: random.Random) -> Iterator[Heard]:
    at = BEGINS + timedelta(minutes=minute)
    for _ in range(_poisson(_rate(at, minute), chance)):
        signals = _EVERYTHING if chance.random() < TROUBLE else (Signal.IMPACT,)
        yield Heard(at + timedelta(seconds=60 * chance.random()), "cloud", chance.randrange(SLOTS), signals)


def _rate(at: datetime, minute: int) -> float:
    hour = at.hour + at.minute / 60
    day = max(0.0, math.sin((hour - 6) / 16 * math.pi)) if 6 <= hour <= 22 else 0.0
    rate = PEAK * (0.08 + 0.92 * day) * (0.4 if at.weekday() >= 5 else 1.0)
    began, lasts = _CAMPAIGN
    if began <= minute < began + lasts:
        # Sixty posts a minute that praise or joke, at the height; one in a hundred wants something.
        rate += 60 * 0.01 * math.exp(-(((minute - began - 90) / 60) ** 2))
    return rate


def _poisson(mean: float, chance: random.Random) -> int:
    count, product, limit = 0, chance.random(), math.exp(-mean)
    while product > limit:
        count += 1
        product *= chance.random()
    return count
