"""From all that the components found in a post to its Assessment, with the reasons. Pure."""

from collections.abc import Container, Iterator, Sequence
from heapq import nlargest

from leitstand.model import Assessment, Intent, Reason, Sentiment, Urgency
from nlp.cues import Hit
from nlp.known import says_nothing_known
from nlp.places import Place, joined
from nlp.reading import Reading
from nlp.understanding import Understanding
from nlp.verdict import Verdict

# Whether a post complains, praises or chats is the model's to say: words alone do not tell.
_LEFT_TO_MODEL = (Intent.COMPLAINT, Intent.PRAISE, Intent.CHATTER)
_INTENTS = tuple(Intent)
_MOST = 50  # reasons from a list that are told of a question: who reads more of a post has read the post


def assessment(found: Understanding, language: str, split: int, model: str, theirs: Container[str]) -> Assessment:
    """What is said of a post whose text begins at `split` of what was read.

    `theirs` are the questions that components of the operator's own have answered.
    """
    verdict = answer(found, theirs)
    return Assessment(
        language=language,
        sentiment=verdict.sentiment,
        sentiment_score=0.0 if verdict.sentiment is Sentiment.UNKNOWN else verdict.score,
        urgency=verdict.urgency,
        intents=_intents(found, verdict),
        needs_reply=found.needs_reply,
        reasons=tuple(_reasons(found, verdict, split)),
        model=model,
        confidence=verdict.sureness,
    )


def answer(found: Understanding, theirs: Container[str] = ()) -> Verdict:
    """The model's verdict; what the lists alone say, where no model was asked."""
    if found.verdict:
        return found.verdict
    silent = not any(found.reading.hits.values()) and "sentiment" not in theirs
    mood, intents = found.mood, tuple(purpose.intent for purpose in found.purposes)
    sentiment = Sentiment.UNKNOWN if silent else mood.sentiment
    return Verdict(sentiment, round(mood.score, 4), found.concern.urgency, intents, 1.0)


def unsupported(verdict: Verdict, text: str, *, guesses: bool) -> Verdict:
    """The verdict on a folded text in which no list has found anything.

    Where there is not even a letter, nothing is answered. `guesses`: of words that it never read, the model only
    guesses what is felt and meant. How urgent they are stays: rather too much is told there than too little.
    """
    if not any(map(str.isalpha, text)):
        return _silent(verdict)
    if guesses and says_nothing_known(text, neutral=verdict.sentiment is Sentiment.NEUTRAL):
        verdict = verdict._replace(sentiment=Sentiment.UNKNOWN, score=0.0, felt=())
        if verdict.urgency is Urgency.NONE:
            return verdict._replace(intents=(Intent.CHATTER,), meant={})
    return verdict


def _silent(verdict: Verdict) -> Verdict:
    """Nothing is answered, and nothing spoke for it."""
    return verdict._replace(
        sentiment=Sentiment.UNKNOWN, score=0.0, urgency=Urgency.NONE, intents=(Intent.CHATTER,), felt=(), pressing=(),
        meant={},
    )  # fmt: skip


def left_alone(verdict: Verdict, found: Understanding, theirs: Container[str]) -> Verdict:
    """The verdict, with what components of the operator's own have answered as they answered it.

    What spoke for the model's answer is no reason for theirs.
    """
    if "sentiment" in theirs:
        verdict = verdict._replace(sentiment=found.mood.sentiment, score=round(found.mood.score, 4), felt=())
    if "urgency" in theirs:
        verdict = verdict._replace(urgency=found.concern.urgency, pressing=())
    if "intents" in theirs:
        verdict = verdict._replace(intents=tuple(purpose.intent for purpose in found.purposes), meant={})
    return verdict


def _intents(found: Understanding, verdict: Verdict) -> tuple[Intent, ...]:
    """The model's intents and those that the lists are sure of; chatter only where there is no other."""
    listed = [purpose.intent for purpose in found.purposes if purpose.intent not in _LEFT_TO_MODEL]
    both = {*listed, *verdict.intents}
    return tuple(intent for intent in _INTENTS if intent in both and (intent is not Intent.CHATTER or len(both) == 1))


def _reasons(found: Understanding, verdict: Verdict, split: int) -> Iterator[Reason]:
    reading = found.reading
    for hit, weight in _strongest(found.mood.parts):
        yield _of_list("sentiment", reading, hit, round(weight, 3), split)
    if verdict.felt and verdict.sentiment is not Sentiment.UNKNOWN:
        sign = -1 if verdict.sentiment is Sentiment.NEGATIVE else 1
        yield from _of_model("sentiment", reading, _untold(verdict.felt, found.mood.parts), split, sign)
    if verdict.urgency > Urgency.NONE:
        for hit, level in _strongest(found.concern.parts):
            yield _of_list("urgency", reading, hit, float(level), split)
        yield from _of_model("urgency", reading, _untold(verdict.pressing, found.concern.parts), split)
    for purpose in found.purposes:
        if purpose.hit is not None and (purpose.intent in verdict.intents or purpose.intent not in _LEFT_TO_MODEL):
            yield _of_list(purpose.intent.value, reading, purpose.hit, 1.0, split)
    for intent, places in verdict.meant.items():
        yield from _of_model(intent.value, reading, places, split)
    for name in found.names:
        yield _written(name.about, name.name, (name.start, name.end), 1.0, split)


def _strongest(parts: Sequence[tuple[Hit, float]]) -> Sequence[tuple[Hit, float]]:
    """Those that weigh most, in the order of the text."""
    if len(parts) <= _MOST:
        return parts
    chosen = nlargest(_MOST, range(len(parts)), key=lambda place: abs(parts[place][1]))
    return [parts[place] for place in sorted(chosen)]


def _of_model(about: str, reading: Reading, places: Sequence[Place], split: int, sign: int = 1) -> Iterator[Reason]:
    """The places that weighed most in the trained model."""
    for place in joined(places):
        start, end = reading.in_whole(place.start, place.end)
        origin = reading.folded.origin(start, end)
        yield _written(about, reading.text[start:end], origin, sign * place.weight, split, True)


def _untold(places: Sequence[Place], parts: Sequence[tuple[Hit, float]]) -> Sequence[Place]:
    """Those that are not told by a cue already."""
    if not parts:
        return places
    return [one for one in places if not any(one.overlaps(hit.start, hit.end) for hit, _ in parts)]


def _of_list(about: str, reading: Reading, hit: Hit, weight: float, split: int) -> Reason:
    return _written(about, hit.cue.pattern, reading.folded.origin(hit.start, hit.end), weight, split)


def _written(about: str, cue: str, place: tuple[int, int], weight: float, split: int, learned: bool = False) -> Reason:
    """A reason by its place in what was read, which is the title and the text."""
    start, end = place
    if not split:
        return Reason(about, cue, start, end, weight, "text", learned)
    if end < split:
        return Reason(about, cue, start, end, weight, "title", learned)
    return Reason(about, cue, max(0, start - split), end - split, weight, "text", learned)
