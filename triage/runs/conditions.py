"""Whether the conditions of an escalation step hold, and when they may next. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from leitstand.model import CaseSnapshot
from leitstand.settings import Counter, Only
from triage.rules import WEEKDAYS, minutes

NOTHING_COUNTED: Mapping[str, int] = {}
# Counters, severities and acknowledgements are looked at again so soon.
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FrozenCounter:
    """What is counted, as it was when the run started."""

    of: Literal["posts", "cases"]
    per: Literal["watchlist", "channel", "author", "team"]
    more_than: int
    within: timedelta

    @property
    def thawed(self) -> Counter:
        """The counter, to be asked."""
        return Counter(of=self.of, per=self.per, more_than=self.more_than, within=self.within)


@dataclass(frozen=True, slots=True)
class FrozenOnly:
    """The conditions of a step as they were when the run started."""

    hours: tuple[str, ...] = ()
    weekdays: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    mentions_at_least: int | None = None
    unacknowledged: bool | None = None
    more_severe: bool | None = None
    otherwise: Literal["skip", "wait"] = "skip"
    risk_at_least: float | None = None
    count: FrozenCounter | None = None


def frozen(only: Only | None) -> FrozenOnly | None:
    """The conditions of a step, to be kept."""
    if only is None:
        return None
    return FrozenOnly(
        tuple(only.hours), tuple(only.weekdays), tuple(s.value for s in only.severity), only.mentions_at_least,
        only.unacknowledged, only.more_severe, only.otherwise, only.risk_at_least,
        FrozenCounter(only.count.of, only.count.per, only.count.more_than, only.count.within) if only.count else None,
    )  # fmt: skip


def unmet(
    only: FrozenOnly,
    case: CaseSnapshot,
    severity: str,
    zone: ZoneInfo,
    now: datetime,
    counts: Mapping[str, int] = NOTHING_COUNTED,
) -> str:
    """What does not hold, in words; "" if everything does.

    `severity` is that of the case at the start of the run, `counts` are by the keys of counters.
    """
    failed: list[str] = []
    if not _in_window(only, now.astimezone(zone)):
        failed.append(f"only {' '.join((*only.weekdays, *only.hours))}")
    if only.severity and case.severity.value not in only.severity:
        failed.append(f"the case is {case.severity.value}")
    if only.mentions_at_least is not None and case.mention_count < only.mentions_at_least:
        failed.append(f"{case.mention_count} of {only.mentions_at_least} posts")
    if only.risk_at_least is not None and (case.risk is None or case.risk.score < only.risk_at_least):
        known = f"{case.risk.score:.2f}" if case.risk else "not known"
        failed.append(f"the risk is {known}, not {only.risk_at_least:.2f}")
    if only.count is not None and (found := counts.get(only.count.thawed.key, 0)) <= only.count.more_than:
        failed.append(f"{found} {only.count.thawed.key}, not more than {only.count.more_than}")
    if only.unacknowledged is not None and (case.acknowledged_at is None) is not only.unacknowledged:
        failed.append(
            "somebody has acknowledged the case" if only.unacknowledged else "nobody has acknowledged the case"
        )
    if only.more_severe is not None and (case.severity.value < severity) is not only.more_severe:
        failed.append("the severity has not risen" if only.more_severe else "the severity has risen")
    return ", ".join(failed)


def look_again_at(only: FrozenOnly, zone: ZoneInfo, now: datetime) -> datetime:
    """When a step that waits is to be looked at again: when its window opens, else soon."""
    if _in_window(only, now.astimezone(zone)):
        return now + _AGAIN
    opens = sorted({0, *(minutes(span)[0] for span in only.hours)})
    today = now.astimezone(zone).date()
    for day in range(9):
        for start in opens:
            wall = datetime.combine(today + timedelta(days=day), time(start // 60, start % 60), zone)
            at = wall.astimezone(now.tzinfo)
            if at > now and _in_window(only, at.astimezone(zone)):
                return at
    return now + _AGAIN


def _in_window(only: FrozenOnly, local: datetime) -> bool:
    if only.weekdays and WEEKDAYS[local.weekday()] not in only.weekdays:
        return False
    minute = local.hour * 60 + local.minute
    return not only.hours or any(_within(minute, *minutes(span)) for span in only.hours)


def _within(at: int, opens: int, closes: int) -> bool:
    return opens <= at < closes if opens < closes else at >= opens or at < closes
