"""From which probability on an answer can be relied on, as `evaluate` suggests it. Pure."""

from leitstand.model import Assessment, Intent, Sentiment, Urgency
from nlp.evaluation import Cutoff, Judged, report
from nlp.labels import Label, Labelled
from nlp.verdict import FEELINGS, Verdict


def judged(truth: Sentiment, *feelings: float) -> Judged:
    """A post whose author feels `truth`, and what a model with these probabilities says."""
    said = FEELINGS[feelings.index(max(feelings))] if feelings else Sentiment.UNKNOWN
    verdict = Verdict(said, 0.0, Urgency.NONE, (Intent.CHATTER,), 1.0, feelings=feelings)
    found = Assessment("en", said, 0.0, Urgency.NONE, (Intent.CHATTER,), False, (), "test")
    return Judged(Labelled("1", "words", Label(sentiment=truth)), found, verdict)


RIGHT = [judged(Sentiment.NEGATIVE, 0.8, 0.1, 0.1), judged(Sentiment.POSITIVE, 0.1, 0.2, 0.7)]
WRONG = [judged(Sentiment.POSITIVE, 0.6, 0.3, 0.1)]
RIGHT_BUT_UNSURE = [judged(Sentiment.NEUTRAL, 0.3, 0.4, 0.3)]


def test_a_feeling_can_be_relied_on_from_a_cutoff_on() -> None:
    posts = [*RIGHT, *WRONG, *RIGHT_BUT_UNSURE, judged(Sentiment.NEGATIVE)]
    (cutoff,) = report("test", posts, 0.0, 0.9).cutoffs
    assert cutoff == Cutoff("sentiment", 0.9, 0.7, 2 / 3)
    (cutoff,) = report("test", posts, 0.0, 0.7).cutoffs
    assert (cutoff.cutoff, cutoff.recall) == (0.4, 1.0)


def test_where_no_answer_is_right_there_is_no_cutoff() -> None:
    for posts in (WRONG, [judged(Sentiment.NEGATIVE)]):
        assert report("test", posts, 0.0, 0.9).cutoffs == (Cutoff("sentiment", 0.9, None, 0.0),)
