"""The words: frozen data that crosses between stages. It imports none of us and does nothing.

    Mention ──nlp──► Assessment ──triage──► CaseSnapshot ──► Notice ──escalation_bridge──► Delivery

One module a subject; everybody else takes every word from here: `from leitstand.model import Mention`. All times are
aware and in UTC. All text is plain text.
"""

from leitstand.model.assessment import Assessment, Intent, Reason, Sentiment, Urgency
from leitstand.model.case import CaseReason, CaseSnapshot, CaseState, Event, Importance, Risk, Severity
from leitstand.model.clock import Clock, ClockEvent, ClockName, ClockSnapshot, ClockState, TrafficLight
from leitstand.model.delivery import Delivery, Receipt, Room, TargetAnswer
from leitstand.model.mention import Author, MatchedMention, Mention, MentionKind, PostChange
from leitstand.model.notice import Letter, Notice, NoticeType
from leitstand.model.story import StoryView

__all__ = [
    "Assessment",
    "Author",
    "CaseReason",
    "CaseSnapshot",
    "CaseState",
    "Clock",
    "ClockEvent",
    "ClockName",
    "ClockSnapshot",
    "ClockState",
    "Delivery",
    "Event",
    "Importance",
    "Intent",
    "Letter",
    "MatchedMention",
    "Mention",
    "MentionKind",
    "Notice",
    "NoticeType",
    "PostChange",
    "Reason",
    "Receipt",
    "Risk",
    "Room",
    "Sentiment",
    "Severity",
    "StoryView",
    "TargetAnswer",
    "TrafficLight",
    "Urgency",
]
