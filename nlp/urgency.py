"""How soon a person at the desk must act: our own cues of danger, security, outage, loss, law, churn and time pressure.

A cue counts unless something takes its force away: it is negated, resolved ("geht wieder"), hypothetical, long past or
a joke. What is broadcast — news, advertisements, an operator's own status posts, an agent's reply — is urgent for
nobody at the desk. A question, request or complaint said to a desk is `normal`; from `high` on the post must be about
somebody's own present trouble.
"""

from dataclasses import dataclass

from leitstand.model import Sentiment, Urgency
from nlp.cues import Hit
from nlp.reading import Reading
from nlp.sentiment import Mood

_EXEMPT_FROM_PAST = frozenset({"repeat", "security", "legal", "churn", "money"})
_SAID_WITH_NOT = frozenset({"blocked", "repeat", "money", "many"})
_SILENCERS = frozenset({"negated", "joke", "resolved"})
_BROADCASTS = ("status", "news", "ad", "agent")


@dataclass(frozen=True, slots=True)
class Concern:
    """The urgency and the cues that made it, with the level each had in the end."""

    urgency: Urgency
    parts: tuple[tuple[Hit, int], ...]


def judge(reading: Reading, mood: Mood) -> Concern:
    """Decide the urgency of a post from its cues, its form and its mood. Pure."""
    context = reading.groups("context")
    if is_broadcast(reading, context):
        return Concern(Urgency.NONE, ())
    parts = [(hit, level) for hit in reading.of("urgency") if (level := _level(reading, hit, context)) > 0]
    level = max((level for _, level in parts), default=0)
    if level == 0 or (level == 1 and not _is_for_desk(reading, context)):
        form = _form(reading, mood, context)
        return Concern(Urgency(1), form) if form else Concern(Urgency.NONE, ())
    return Concern(Urgency(level), tuple((hit, own) for hit, own in parts if own == level))


def is_broadcast(reading: Reading, context: set[str]) -> bool:
    """The post is told to the world, not to a desk."""
    own_trouble = "personal" in context
    if reading.text.startswith("rt ") and not _rescue(reading):
        return True
    if "agent" in context and not own_trouble and "?" not in reading.text:
        return True
    if "status" in context and not own_trouble and not reading.addressed and "?" not in reading.text:
        return True
    return bool(context & {"news", "ad"}) and not reading.addressed and not (own_trouble and "desk" in context)


def _rescue(reading: Reading) -> bool:
    return any(hit.cue.group == "danger" and hit.cue.value >= 3 for hit in reading.of("urgency"))


def _level(reading: Reading, hit: Hit, context: set[str]) -> int:
    """What a cue is worth after its guards."""
    level = int(hit.cue.value)
    if _silenced(reading, hit) or ("resolved" in context and hit.cue.group != "churn"):
        return 0
    if level >= 2 and "hypothetical" in context:
        return 1
    if level >= 2 and "past" in context and hit.cue.group not in _EXEMPT_FROM_PAST:
        return 1
    if level >= 2 and not _is_own_trouble(reading, hit, context):
        return 1
    return level


def _is_own_trouble(reading: Reading, hit: Hit, context: set[str]) -> bool:
    if reading.addressed or context & {"personal", "you"}:
        return True
    return "now" in context and ("desk" in context or hit.cue.value >= 3)


def _silenced(reading: Reading, hit: Hit) -> bool:
    for other in reading.of("context"):
        if other.cue.group in _SILENCERS and other.start < hit.end and hit.start < other.end:
            return True
    if hit.cue.group in _SAID_WITH_NOT:
        return False
    return any(
        shifter.cue.group == "negation"
        and shifter.end <= hit.start
        and reading.words_between(shifter.end, hit.start) == 0
        and reading.same_clause(shifter.end, hit.start)
        for shifter in reading.of("shifters")
    )


def _is_for_desk(reading: Reading, context: set[str]) -> bool:
    return reading.addressed or "desk" in context


def _form(reading: Reading, mood: Mood, context: set[str]) -> tuple[tuple[Hit, int], ...]:
    """The cues that make a post a question, request or complaint to a desk; empty if it is none."""
    if not _is_for_desk(reading, context) or not (reading.addressed or context & {"personal", "you"}):
        return ()
    intents = reading.of("intents")
    asks = "?" in reading.text
    wanted = [hit for hit in intents if hit.cue.group == "request" or (asks and hit.cue.group == "question")]
    if wanted and "desk" in context:
        return tuple((hit, 1) for hit in wanted[:3])
    if mood.sentiment is Sentiment.NEGATIVE and "desk" in context:
        return tuple((hit, 1) for hit, weight in mood.parts if weight < 0)[:3]
    return ()
