"""What the word lists found in a post, as numbers: the second input of the trained model, beside the text itself.

The order of `NAMES` is part of a trained model; a model keeps the names it was trained with and refuses others.
"""

import math

from leitstand.model import Sentiment
from nlp.audience import is_broadcast, is_voiced
from nlp.reading import Reading
from nlp.sentiment import Mood
from nlp.urgency import Concern

_URGENCY = (
    "danger", "security", "fault", "blocked", "outage", "repeat", "delay", "churn", "legal", "deadline", "money",
    "many", "press", "vent", "wait", "disruption", "rescue",
)  # fmt: skip
_CONTEXT = (
    "desk", "news", "status", "ad", "resolved", "negated", "joke", "agent", "politics", "you", "hypothetical", "now",
    "past", "facility", "personal", "plural", "transport",
)  # fmt: skip
_INTENTS = ("question", "request", "complaint", "spam", "praise", "info")
_SHIFTERS = ("negation", "irrealis", "contrast")
_MOOD = ("score", "good", "bad", "best", "worst", "signs", "ironic", "polite", "felt", "negative", "positive")
_FORM = (
    "broadcast", "voiced", "addressed", "account", "link", "retweet", "question mark", "exclamation", "ellipsis",
    "shouted", "stretched", "length", "long", "title",
)  # fmt: skip
NAMES = (
    *_MOOD,
    *(f"urgency {group}" for group in _URGENCY),
    *(f"level {level}" for level in range(4)),
    *(f"cue level {level}" for level in range(1, 4)),
    *(f"context {group}" for group in _CONTEXT),
    *(f"intent {group}" for group in _INTENTS),
    *(f"shifter {group}" for group in _SHIFTERS),
    *(f"form {form}" for form in _FORM),
)
# Where each number stands: hardly any of them is set in a post, so only those are looked up.
_PLACES = {
    theme: {group: NAMES.index(f"{word} {group}") for group in groups}
    for theme, word, groups in (
        ("urgency", "urgency", _URGENCY),
        ("context", "context", _CONTEXT),
        ("intents", "intent", _INTENTS),
        ("shifters", "shifter", _SHIFTERS),
    )
}
_LEVEL, _CUE_LEVEL = NAMES.index("level 0"), NAMES.index("cue level 1") - 1
_UNSEEN = [0.0] * (len(NAMES) - len(_MOOD) - len(_FORM))


def describe(reading: Reading, mood: Mood, concern: Concern) -> list[float]:
    """The numbers of one post, in the order of `NAMES`, each within about -2 to 2."""
    row = [*_feelings(mood), *_UNSEEN, *_form(reading)]
    for theme, places in _PLACES.items():
        for group in reading.groups(theme):
            if group in places:
                row[places[group]] = 1.0
    row[_LEVEL + int(concern.urgency)] = 1.0
    for hit in reading.of("urgency"):
        if 1 <= (level := int(hit.cue.value)) <= 3:
            row[_CUE_LEVEL + level] = 1.0
    return row


def _feelings(mood: Mood) -> list[float]:
    weights = [weight for _, weight in mood.parts]
    negative, positive = float(mood.sentiment is Sentiment.NEGATIVE), float(mood.sentiment is Sentiment.POSITIVE)
    if not weights:
        return [mood.score, 0.0, -0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, negative, positive]
    groups = {hit.cue.group for hit, _ in mood.parts}
    good = sum([weight for weight in weights if weight > 0])
    bad = sum([weight for weight in weights if weight < 0])
    signs = sum([weight for hit, weight in mood.parts if hit.cue.group == "emoji"]) if "emoji" in groups else 0.0
    return [
        mood.score,
        math.log1p(good),
        -math.log1p(-bad),
        min(max(weights), 4.0) / 4 if good else 0.0,
        max(min(weights), -4.0) / 4 if bad else 0.0,
        max(-1.0, min(1.0, signs / 4)),
        float("ironic" in groups),
        float("polite" in groups),
        1.0,
        negative,
        positive,
    ]


def _form(reading: Reading) -> list[float]:
    text = reading.text
    length = math.log1p(len(text)) / 5
    return [
        float(is_broadcast(reading)),
        float(is_voiced(reading)),
        float(reading.addressed),
        float(reading.names_an_account),
        float("\x02" in text),
        float(text.startswith("rt ")),
        min(text.count("?"), 3) / 2,
        min(text.count("!"), 4) / 2,
        float("..." in text or "…" in text),
        float(reading.shouted),
        float(reading.folded.stretched),
        length,
        max(0.0, length - 1.1),
        float("\x01" in text),
    ]
