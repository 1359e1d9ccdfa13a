"""What a post is about: the twelve intents, from cues, form, mood and urgency. A post can have several."""

from collections.abc import Iterator
from dataclasses import dataclass

from leitstand.model import Intent, Sentiment, Urgency
from nlp.audience import is_broadcast
from nlp.cues import Cue, Hit
from nlp.reading import Reading
from nlp.sentiment import Mood
from nlp.urgency import Concern

_ALL = tuple(Intent)
_FROM_URGENCY = {
    "danger": Intent.SAFETY,
    "security": Intent.SECURITY,
    "outage": Intent.OUTAGE,
    "many": Intent.OUTAGE,
    "delay": Intent.OUTAGE,
    "disruption": Intent.OUTAGE,
    "legal": Intent.LEGAL,
    "churn": Intent.CHURN,
}
_MARK = Cue("intents", "?", 1.0, "question")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One intent and the first cue that speaks for it (None: the form of the whole post)."""

    intent: Intent
    hit: Hit | None


def judge(reading: Reading, mood: Mood, concern: Concern) -> tuple[Purpose, ...]:
    """Decide the intents of a post, at least one, in the order of `Intent`. Pure."""
    found: dict[Intent, Purpose] = {}
    for purpose in _purposes(reading, mood, concern):
        found.setdefault(purpose.intent, purpose)
    if not found:
        found[Intent.CHATTER] = Purpose(Intent.CHATTER, None)
    return tuple(found[intent] for intent in _ALL if intent in found)


def _purposes(reading: Reading, mood: Mood, concern: Concern) -> Iterator[Purpose]:
    for hit in reading.of("urgency"):
        intent = _FROM_URGENCY.get(hit.cue.group)
        if intent is not None and (hit.cue.value >= Urgency.HIGH or hit.cue.group == "disruption"):
            yield Purpose(intent, hit)
    yield from _asked(reading, concern)
    yield from _felt(reading, mood, concern)
    yield from _told(reading)


def _asked(reading: Reading, concern: Concern) -> Iterator[Purpose]:
    hits = reading.of("intents")
    if "?" in reading.text and concern.urgency > Urgency.NONE:
        yield Purpose(Intent.QUESTION, next((hit for hit in hits if hit.cue.group == "question"), _mark(reading)))
    requests = [hit for hit in hits if hit.cue.group == "request"]
    if requests and concern.urgency > Urgency.NONE:
        yield Purpose(Intent.REQUEST, requests[0])


def _mark(reading: Reading) -> Hit:
    at = reading.text.index("?")
    return Hit(_MARK, at, at + 1)


def _felt(reading: Reading, mood: Mood, concern: Concern) -> Iterator[Purpose]:
    if mood.sentiment is Sentiment.NEGATIVE and concern.urgency > Urgency.NONE:
        worst = min(mood.parts, key=lambda part: part[1], default=None)
        yield Purpose(Intent.COMPLAINT, worst[0] if worst else None)
    praises = [hit for hit in reading.of("intents") if hit.cue.group == "praise"]
    if mood.sentiment is Sentiment.POSITIVE and (praises or reading.addressed):
        yield Purpose(Intent.PRAISE, praises[0] if praises else None)


def _told(reading: Reading) -> Iterator[Purpose]:
    for hit in reading.of("intents"):
        if hit.cue.group == "spam" and not reading.addressed:
            yield Purpose(Intent.SPAM, hit)
    if not is_broadcast(reading):
        return
    for group, intent in (("ad", Intent.SPAM), ("news", Intent.INFO), ("status", Intent.INFO)):
        for hit in reading.of("context"):
            if hit.cue.group == group:
                yield Purpose(intent, hit)
                break
