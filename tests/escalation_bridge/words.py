"""Cases, notices and deliveries for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leitstand.model import (
    Author,
    CaseReason,
    CaseSnapshot,
    CaseState,
    ClockSnapshot,
    ClockState,
    Delivery,
    Intent,
    Notice,
    NoticeType,
    Sentiment,
    Severity,
    TrafficLight,
    Urgency,
)

NOW = datetime(2026, 3, 3, 8, 45, tzinfo=UTC)
CASE = CaseSnapshot(
    number=27343,
    state=CaseState.NEW,
    severity=Severity.SEV1,
    traffic_light=TrafficLight.GREEN,
    channel="x",
    team="cloud-support",
    title="Login is down since 8, nothing works",
    text="Login is down since 8, nothing works.\nAnyone else?",
    url="https://social.example/posts/1",
    link="https://desk.example/cases/27343",
    opened_at=NOW - timedelta(seconds=2),
    posted_at=NOW - timedelta(minutes=3),
    mention_count=1,
    author=Author("17", "@sample_user", "Sample User", 12345),
    watchlists=("cloud",),
    language="en",
    sentiment=Sentiment.NEGATIVE,
    urgency=Urgency.CRITICAL,
    intents=(Intent.OUTAGE,),
    reasons=(CaseReason("urgency", "critical, because it says 'down'"), CaseReason("rule", "rule 'outage' says sev1")),
    clocks={
        "first_response": ClockSnapshot(ClockState.RUNNING, NOW + timedelta(minutes=12), NOW, 900),
        "resolution": ClockSnapshot(ClockState.RUNNING, NOW + timedelta(hours=4), NOW, 14400),
    },
    revision=1,
)


def notice(
    target: str = "hook", number: int = 27343, purpose: str = "opened", *, case: CaseSnapshot = CASE, **more: Any
) -> Notice:
    words: dict[str, Any] = {"type": NoticeType.CASE_OPENED, "reason": "sev1 by the rule 'outage'", **more}
    return replace(Notice(target, replace(case, number=number), NoticeType.CASE_OPENED, purpose, ""), **words)


def delivery(**more: Any) -> Delivery:
    plain = Delivery(
        1, "msg_abc234", "hook", CASE, NoticeType.CASE_OPENED, "sev1 by the rule 'outage'", "", NOW, attempt=1
    )
    return replace(plain, **more)


def explained(**more: Any) -> Delivery:
    """One whose reasons are sentences as the stages write them."""
    reasons = (
        CaseReason("urgency", "urgency critical: “down” (down), “nothing works” (nothing works)"),
        CaseReason("severity", "severity sev1: impact high (the author has 12,345 followers) × urgency critical"),
        CaseReason("rule", "rule “status page”: team cloud-support, tags outage, press"),
        CaseReason("sla", "SLA cloud: acknowledge in 5m, first response in 15m, resolution in 4h"),
    )
    reason = "; ".join(r.text for r in reasons[:3])
    return delivery(case=replace(CASE, reasons=reasons), reason=reason, **more)
