"""What nlp makes of a post, with the words that say so."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal


class Sentiment(StrEnum):
    """What the author feels towards the subject; `unknown` where nothing speaks."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNKNOWN = "unknown"


class Urgency(IntEnum):
    """How soon a human at the desk must act: not, today, within the hour, within minutes."""

    NONE = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class Intent(StrEnum):
    """What a post is about. A post can have several."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    PRAISE = "praise"
    REQUEST = "request"
    OUTAGE = "outage"
    SECURITY = "security"
    SAFETY = "safety"
    LEGAL = "legal"
    CHURN = "churn"
    SPAM = "spam"
    INFO = "info"
    CHATTER = "chatter"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is what it is: the words (`start`:`end` of the mention's `field`), the cue they are, its weight.

    `about` is "sentiment", "urgency", "product", "entity" or the intent's name. Weights are signed for sentiment
    (negative is bad) and 0–3 for urgency. `learned`: no cue of a list, but words that weighed most in the trained
    model, which says what is likely; their weight is their part in its score, and `cue` is the words themselves.
    """

    about: str
    cue: str
    start: int
    end: int
    weight: float
    field: Literal["text", "title"] = "text"
    learned: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """What nlp understood of one mention.

    `language` is an ISO 639-1 code or "unknown". `sentiment_score` runs from -1 to 1 and is 0 where the sentiment is
    unknown. `model` names what produced it. `confidence` (0–1) says how sure it is of the whole.
    """

    language: str
    sentiment: Sentiment
    sentiment_score: float
    urgency: Urgency
    intents: tuple[Intent, ...]
    needs_reply: bool
    reasons: tuple[Reason, ...]
    model: str
    confidence: float = 1.0
