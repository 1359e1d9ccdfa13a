"""The nlp stage alone, one core, beside vaderSentiment (sentiment only, English only).

By the process's own count of its time: what else the machine does then says nothing.
"""

import time

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bench.posts import mentions
from bench.report import Figure
from leitstand import clock
from nlp import pipeline

POSTS, BATCH = 6000, 200


def measure() -> list[Figure]:
    """Posts a second of processor time through the whole pipeline."""
    assessor = pipeline.load()
    posts = mentions(POSTS, clock.now())
    assessor.assess(posts[:BATCH])
    started = time.process_time()
    for start in range(0, POSTS, BATCH):
        assessor.assess(posts[start : start + BATCH])
    ours = POSTS / (time.process_time() - started)
    vader = SentimentIntensityAnalyzer()
    started = time.process_time()
    for post in posts:
        vader.polarity_scores(post.text)
    theirs = POSTS / (time.process_time() - started)
    return [
        Figure(
            "nlp stage alone: language, sentiment, urgency, intents, reasons",
            f"{ours:,.0f} posts/s",
            "≥ 5,000",
            f"{theirs:,.0f} posts/s vaderSentiment: sentiment only, English only (ours {ours / theirs:.2f}×)",
        )
    ]
