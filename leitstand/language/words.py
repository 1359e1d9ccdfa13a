"""What fixed values are called, in English, marked for translation. `label` gives the words of a value."""

from leitstand.model import CaseState, ClockName, ClockState, Intent, Sentiment, Severity, TrafficLight, Urgency


def N_(message: str) -> str:  # noqa: N802  gettext's own name: what it wraps is extracted for translation
    """The message itself."""
    return message


LABELS: dict[object, str] = {
    CaseState.NEW: N_("new"),
    CaseState.OPEN: N_("open"),
    CaseState.WAITING: N_("waiting"),
    CaseState.RESOLVED: N_("resolved"),
    CaseState.CLOSED: N_("closed"),
    Severity.SEV1: N_("Sev 1"),
    Severity.SEV2: N_("Sev 2"),
    Severity.SEV3: N_("Sev 3"),
    Severity.SEV4: N_("Sev 4"),
    TrafficLight.GREEN: N_("on time"),
    TrafficLight.AMBER: N_("at risk"),
    TrafficLight.RED: N_("missed"),
    ClockName.ACKNOWLEDGE: N_("acknowledge"),
    ClockName.FIRST_RESPONSE: N_("first response"),
    ClockName.NEXT_RESPONSE: N_("next response"),
    ClockName.RESOLUTION: N_("resolution"),
    ClockName.FORWARD_ACCEPTED: N_("forward accepted"),
    ClockState.IDLE: N_("not running"),
    ClockState.RUNNING: N_("running"),
    ClockState.PAUSED: N_("paused"),
    ClockState.MET: N_("met"),
    ClockState.BREACHED: N_("missed"),
    Sentiment.NEGATIVE: N_("negative"),
    Sentiment.NEUTRAL: N_("neutral"),
    Sentiment.POSITIVE: N_("positive"),
    Sentiment.UNKNOWN: N_("unknown"),
    Urgency.NONE: N_("none"),
    Urgency.NORMAL: N_("normal"),
    Urgency.HIGH: N_("high"),
    Urgency.CRITICAL: N_("critical"),
    Intent.COMPLAINT: N_("complaint"),
    Intent.QUESTION: N_("question"),
    Intent.PRAISE: N_("praise"),
    Intent.REQUEST: N_("request"),
    Intent.OUTAGE: N_("outage"),
    Intent.SECURITY: N_("security"),
    Intent.SAFETY: N_("safety"),
    Intent.LEGAL: N_("legal"),
    Intent.CHURN: N_("churn"),
    Intent.SPAM: N_("spam"),
    Intent.INFO: N_("info"),
    Intent.CHATTER: N_("chatter"),
}
SPOKEN: dict[str, str] = {"en": N_("English"), "de": N_("German"), "unknown": N_("unknown language")}
KINDS: dict[str, str] = {
    "post": N_("post"),
    "reply": N_("reply"),
    "repost": N_("repost"),
    "quote": N_("quote"),
    "comment": N_("comment"),
    "article": N_("article"),
    "review": N_("review"),
    "message": N_("message"),
    "question": N_("question"),
}
ABOUTS: dict[str, str] = {"sentiment": N_("sentiment"), "urgency": N_("urgency"), "language": N_("language")}


def label(value: object) -> str:
    """The English words for a fixed value."""
    return LABELS[value]


def about(name: str) -> str:
    """The English words for what a reason is about: a score, or an intent."""
    return ABOUTS.get(name) or LABELS.get(name, name)
