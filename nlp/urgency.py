"""How soon a person at the desk must act: our own cues of danger, security, outage, loss, law, churn and time pressure.

A cue counts unless something takes its force away: it is negated, resolved ("geht wieder"), hypothetical, long past or
a joke. What is broadcast — news, advertisements, an operator's own status posts, an agent's reply — is urgent for
nobody at the desk. A question, request or complaint said to a desk is `normal`; from `high` on the post must be about
somebody's own present trouble.
"""

import re
from dataclasses import dataclass

from leitstand.model import Sentiment, Urgency
from nlp.audience import is_broadcast, is_voiced
from nlp.cues import Hit
from nlp.folding import HANDLE
from nlp.reading import Reading
from nlp.sentiment import Mood

_EXEMPT_FROM_PAST = frozenset({"repeat", "security", "legal", "churn", "money"})
_SAID_WITH_NOT = frozenset({"blocked", "repeat", "money", "many"})
_SILENCERS = frozenset({"negated", "joke", "resolved"})
_HARMLESS_AT_A_FACILITY = frozenset({"outage", "repeat", "blocked"})
_DIGIT = re.compile(r"<n>|hour|stunde|\bfor\b")


@dataclass(frozen=True, slots=True)
class Concern:
    """The urgency and the cues that made it, with the level each had in the end."""

    urgency: Urgency
    parts: tuple[tuple[Hit, int], ...]


def judge(reading: Reading, mood: Mood) -> Concern:
    """Decide the urgency of a post from its cues, its form and its mood. Pure."""
    context = reading.groups("context")
    told = is_broadcast(reading)
    hits = [hit for hit in reading.of("urgency") if not told or _is_own_danger(reading, hit)]
    parts = [(hit, level) for hit in hits if (level := _level(reading, hit, mood, context)) > 0]
    level = max((level for _, level in parts), default=0)
    if told and level < Urgency.CRITICAL:
        return Concern(Urgency.NONE, ())
    if "politics" in context and "desk" not in context:
        return Concern(Urgency.NONE, ())
    if level >= Urgency.HIGH or (level == Urgency.NORMAL and _is_for_desk(reading, context)):
        return Concern(Urgency(level), tuple((hit, own) for hit, own in parts if own == level))
    form = _form(reading, mood, context)
    return Concern(Urgency.NORMAL, form) if form else Concern(Urgency.NONE, ())


def _is_own_danger(reading: Reading, hit: Hit) -> bool:
    """In a long or published text, too: "my account was hacked" is somebody's own."""
    if reading.text.startswith("rt ") and hit.cue.group != "rescue":
        return False
    return hit.cue.value >= Urgency.CRITICAL and any(
        other.cue.group == "personal" and reading.same_clause(min(other.end, hit.start), max(other.start, hit.end))
        for other in reading.near("context", hit)
    )


def _level(reading: Reading, hit: Hit, mood: Mood, context: frozenset[str]) -> int:
    """What a cue is worth after its guards."""
    level, group = int(hit.cue.value), hit.cue.group
    if _silenced(reading, hit) or ("resolved" in context and group != "churn"):
        return 0
    if level < Urgency.HIGH or group == "rescue":
        return level
    if "hypothetical" in context or ("past" in context and group not in _EXEMPT_FROM_PAST):
        return 1
    if group in _HARMLESS_AT_A_FACILITY and "facility" in context:
        return 1
    if group == "wait" and mood.sentiment is not Sentiment.NEGATIVE:
        return 0
    return level if _is_own_trouble(reading, hit, context) else 1


def _is_own_trouble(reading: Reading, hit: Hit, context: frozenset[str]) -> bool:
    """Somebody is in it now, and says so."""
    if hit.cue.group == "security":
        return bool(context & {"desk", "personal", "plural"}) or reading.addressed
    if context & {"personal", "plural"}:
        return True
    if hit.cue.group == "delay" and not _DIGIT.search(hit.cue.pattern) and "now" not in context:
        return False
    return reading.names_an_account or bool(context & {"you", "now"})


def _silenced(reading: Reading, hit: Hit) -> bool:
    for other in reading.near("context", hit):
        if other.cue.group in _SILENCERS and other.start < hit.end and hit.start < other.end:
            return True
    if hit.cue.group in _SAID_WITH_NOT:
        return False
    return any(
        shifter.cue.group == "negation"
        and shifter.end <= hit.start
        and reading.words_between(shifter.end, hit.start) == 0
        and reading.same_clause(shifter.end, hit.start)
        for shifter in reading.near("shifters", hit)
    )


def _is_for_desk(reading: Reading, context: frozenset[str]) -> bool:
    return is_voiced(reading) and (reading.addressed or "desk" in context)


def _form(reading: Reading, mood: Mood, context: frozenset[str]) -> tuple[tuple[Hit, int], ...]:
    """The cues that make a post a question, request or complaint to a desk; empty if it is none."""
    spoken_to = reading.addressed or "you" in context
    if "desk" not in context and not (reading.addressed and "you" in context):
        return ()
    negative = mood.sentiment is Sentiment.NEGATIVE
    wanted = [hit for hit in reading.of("intents") if hit.cue.group == "request" or _asks(reading, hit)]
    if wanted and (spoken_to or context & {"personal", "plural"} or not negative):
        return tuple((hit, 1) for hit in wanted[:3])
    if negative and spoken_to:
        return tuple((hit, 1) for hit, weight in mood.parts if weight < 0)[:3]
    return ()


def _asks(reading: Reading, hit: Hit) -> bool:
    if hit.cue.group != "question":
        return False
    return reading.sentence_mark(hit.end) == "?" or reading.text[: hit.start].strip(f" .!,{HANDLE}") == ""
