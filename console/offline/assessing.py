"""Posts of a file, assessed in batches as they are read."""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from console.offline.posts import Post, Refused
from leitstand.model import Assessment, Reason
from nlp.pipeline import Assessor

BATCH = 256


class Assessed(msgspec.Struct):
    """What nlp understood of one post, as `assess --json` prints it."""

    id: str | int
    language: str
    sentiment: str
    sentiment_score: float
    urgency: int
    intents: list[str]
    needs_reply: bool
    reasons: list[Reason]


def assess(lines: Iterable[Post | Refused], assessor: Assessor) -> Iterator[tuple[Post, Assessment] | Refused]:
    """Each line's assessment, in the order of the file; a refused line as it is."""
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        posts = [line for line in batch if isinstance(line, Post)]
        assessments = iter(assessor.assess([post.mention for post in posts]))
        for line in batch:
            yield line if isinstance(line, Refused) else (line, next(assessments))


def form(post: Post, assessment: Assessment) -> Assessed:
    """The assessment in the words of the command line. Offsets count characters of the reason's `field`."""
    return Assessed(
        post.id,
        assessment.language,
        assessment.sentiment.value,
        assessment.sentiment_score,
        assessment.urgency,
        [intent.value for intent in assessment.intents],
        assessment.needs_reply,
        list(assessment.reasons),
    )
