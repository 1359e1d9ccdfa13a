"""Severity: the matrix of impact × urgency, and the sentences that explain it."""

from enum import IntEnum

from leitstand.model import Author, CaseReason, Importance, Severity, Urgency
from triage.policy import Policy


class Impact(IntEnum):
    """How much it matters: the watchlist's importance, a step up for an author whom many hear, two for a great many,
    and one for a story that many tell."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    MAJOR = 3


_MATRIX = {
    Urgency.CRITICAL: (Severity.SEV2, Severity.SEV1, Severity.SEV1, Severity.SEV1),
    Urgency.HIGH: (Severity.SEV3, Severity.SEV3, Severity.SEV2, Severity.SEV1),
    Urgency.NORMAL: (Severity.SEV4, Severity.SEV4, Severity.SEV3, Severity.SEV2),
    Urgency.NONE: (Severity.SEV4, Severity.SEV4, Severity.SEV4, Severity.SEV4),
}
_OF_IMPORTANCE = {Importance.LOW: Impact.LOW, Importance.NORMAL: Impact.NORMAL, Importance.HIGH: Impact.HIGH}


def impact(
    channel: str, author: Author, watchlists: tuple[str, ...], policy: Policy, story: int = 1
) -> tuple[Impact, str]:
    """The impact, and why it is higher than the watchlist says ("" where it is not); `story` posts tell its story."""
    base = _OF_IMPORTANCE[policy.importance(watchlists)]
    steps, lift = _lift(channel, author, policy)
    if story >= policy.triage.story_high:
        steps, lift = steps + 1, ", ".join(filter(None, (lift, f"{story:,} posts tell the story")))
    return Impact(min(base + steps, Impact.MAJOR)), lift


def from_matrix(impact: Impact, urgency: Urgency) -> Severity:
    """The severity that the matrix gives."""
    return _MATRIX[urgency][impact]


def explain(severity: Severity, impact: Impact, urgency: Urgency, lift: str) -> CaseReason:
    """Why the matrix gave this severity."""
    lifted = f" ({lift})" if lift else ""
    product = f"impact {impact.name.lower()}{lifted} × urgency {urgency.name.lower()}"
    return CaseReason("severity", f"severity {severity}: {product}")


def _lift(channel: str, author: Author, policy: Policy) -> tuple[int, str]:
    """How many steps the author lifts the impact, and why."""
    reach, limits = author.followers or 0, policy.triage
    steps = (reach >= limits.reach_high) + (reach >= limits.reach_huge)
    if policy.is_vip(channel, author):
        return max(steps, 1), "the author is a VIP"
    return steps, f"the author has {reach:,} followers" if steps else ""
