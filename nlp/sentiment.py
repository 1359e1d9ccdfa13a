"""What the author feels, from our own polarity lists: each cue's weight, shifted by what stands around it.

Negation (German clause-final "nicht" too) turns a cue, intensifiers and capitals strengthen it, "aber"/"but" moves the
weight behind it, wishes and conditions weaken praise, and praise next to a fault is read as irony.

`neutral` needs evidence: cues that cancel each other, or the form of a question, request or report. Where nothing
speaks the answer is `unknown`: a desk may trust that "neutral" was read, and may send "unknown" to a person.
"""

import re
from dataclasses import dataclass

from leitstand.model import Sentiment
from nlp.audience import is_broadcast, is_voiced
from nlp.cues import Hit
from nlp.reading import Reading

_POSITIVE_FROM, _NEGATIVE_FROM = 0.3, -0.22
_SOFTNESS = 12.0
_FAULTS = frozenset({"outage", "blocked", "money", "danger", "security", "repeat", "fault", "delay"})
_IRONY_PRONE = 3.0
_REACH = {"negation": 3, "irrealis": 5, "intensifier": 0, "diminisher": 0}  # how many words may stand between
_SEVERAL = 2
_JOINED = re.compile(r"\W*(?:(?:and|or|nor|und|oder|noch)\W+)?(?:(?!no|ni|ke)\w+ )?")
_AND_NEITHER = re.compile(r" und .*\bauch $")  # "… und das andere auch nicht" denies the other alone
_TOLD = 0.6  # what is reported is not felt


@dataclass(frozen=True, slots=True)
class Mood:
    """The sentiment, its score from -1 to 1, and the cues with the weight each had in the end."""

    sentiment: Sentiment
    score: float
    parts: tuple[tuple[Hit, float], ...]


def judge(reading: Reading) -> Mood:
    """Weigh the polarity cues of a post. Pure: the same reading gives the same mood."""
    parts = [(hit, _weight(reading, hit)) for hit in reading.of("sentiment") if hit.cue.value]
    score = 0.0
    if parts:
        parts = _contrasted(reading, _ironic(reading, parts))
        total = sum([weight for _, weight in parts]) * _emphasis(reading)
        score = total / (total * total + _SOFTNESS) ** 0.5
    sentiment = _label(score, bool(parts) or _has_form(reading))
    return Mood(sentiment, 0.0 if sentiment is Sentiment.UNKNOWN else score, tuple(parts))


def _label(score: float, evidence: bool) -> Sentiment:
    if score >= _POSITIVE_FROM:
        return Sentiment.POSITIVE
    if score <= _NEGATIVE_FROM:
        return Sentiment.NEGATIVE
    return Sentiment.NEUTRAL if evidence else Sentiment.UNKNOWN


def _has_form(reading: Reading) -> bool:
    return "?" in reading.text or bool(reading.groups("intents") & {"request", "info"})


def _weight(reading: Reading, hit: Hit) -> float:
    weight = hit.cue.value
    if hit.cue.group in ("emoji", "ironic"):
        return weight
    if hit.cue.group == "polite" and ("?" in reading.text or "request" in reading.groups("intents")):
        weight *= 0.4  # thanks in advance
    for shifter in _once(reading.near("shifters", hit)):
        weight *= _shift(reading, shifter, hit)
    if weight > 0 and hit.cue.value > 0 and reading.sentence_mark(hit.end) == "?":
        weight *= 0.4
    if not reading.shouted and len(spelling := reading.spelling(hit)) > 2 and spelling.isupper():
        weight *= 1.3
    return weight


def _once(shifters: list[Hit]) -> list[Hit]:
    """Without negations that begin inside another one: "gar nicht" and "nicht mal" in "gar nicht mal" are one."""
    if len(shifters) < _SEVERAL:
        return shifters
    kept: list[Hit] = []
    reach = -1
    for shifter in shifters:
        if shifter.cue.group == "negation":
            if shifter.start < reach:
                continue
            reach = shifter.end
        kept.append(shifter)
    return kept


def _shift(reading: Reading, shifter: Hit, hit: Hit) -> float:
    """The factor by which one shifter changes one cue: 1 if it does not reach it."""
    group = shifter.cue.group
    if shifter.end <= hit.start:
        if reading.words_between(shifter.end, hit.start) > _REACH.get(group, -1):
            return 1.0
        if not reading.same_clause(shifter.end, hit.start):
            return 1.0
        if group == "irrealis":
            return 0.4 if hit.cue.value > 0 else 1.0
        if group == "negation":
            return 1.0 if _is_spent(reading, shifter, hit) else _negated(hit)
        return shifter.cue.value
    if group == "negation" and hit.cue.value > 0 and shifter.start >= hit.end and _closes_clause(reading, shifter, hit):
        return _negated(hit)
    return 1.0


def _is_spent(reading: Reading, shifter: Hit, hit: Hit) -> bool:
    """Another cue before took the negation: "not disappointed by the upgrade"; only "and" hands it on."""
    before = [one.end for one in reading.near("sentiment", hit) if one.end > shifter.end and one.end <= hit.start]
    return bool(before) and _JOINED.fullmatch(reading.text, before[-1], hit.start) is None


def _negated(hit: Hit) -> float:
    return -0.7 if hit.cue.value > 0 else -0.4


def _closes_clause(reading: Reading, shifter: Hit, hit: Hit) -> bool:
    """German negates at the end: "Das hilft mir leider nicht." """
    if shifter.cue.pattern not in ("nicht", "nich", "net", "ned", "nie", "nicht mehr", "gar nicht", "überhaupt nicht"):
        return False
    if not reading.same_clause(hit.end, shifter.start) or reading.words_between(hit.end, shifter.start) > 4:
        return False
    if _AND_NEITHER.search(reading.text, hit.end, shifter.start):
        return False
    return reading.closes_clause(shifter.end)


def _ironic(reading: Reading, parts: list[tuple[Hit, float]]) -> list[tuple[Hit, float]]:
    """Praise beside a plain fault or a marked irony is not meant."""
    good = sum([weight for _, weight in parts if weight > 0])
    if not good:
        return parts
    marked = any(hit.cue.group == "ironic" for hit, _ in parts)
    faults = sum(hit.cue.value >= 1 for hit in reading.of("urgency") if hit.cue.group in _FAULTS)
    bad = -sum(weight for hit, weight in parts if weight < 0 and hit.cue.group != "emoji")
    if not marked and not (good <= _IRONY_PRONE and faults and bad >= good > 0):
        return parts
    return [(hit, weight * -0.2 if weight > 0 else weight) for hit, weight in parts]


def _contrasted(reading: Reading, parts: list[tuple[Hit, float]]) -> list[tuple[Hit, float]]:
    turns = [hit.start for hit in reading.of("shifters") if hit.cue.group == "contrast" and hit.start > 0]
    if not turns:
        return parts
    return [(hit, weight * (0.6 if hit.start < turns[-1] else 1.3)) for hit, weight in parts]


def _emphasis(reading: Reading) -> float:
    if is_broadcast(reading) or (reading.of("urgency") and not is_voiced(reading)):
        return _TOLD
    marks = min(reading.text.count("!"), 3)
    return 1.0 + 0.08 * marks + 0.15 * reading.shouted + 0.1 * reading.folded.stretched
