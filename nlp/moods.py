"""What many assessments say together, and which feel the strongest: for digests."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from leitstand.model import Sentiment

_COUNT = text("""
    SELECT count(*) FILTER (WHERE sentiment = 'negative') AS negative,
      count(*) FILTER (WHERE sentiment = 'positive') AS positive
    FROM assessments WHERE mention_id = ANY(:ids)
""")
_STRONGEST = text("""
    SELECT mention_id, sentiment, sentiment_score, confidence FROM assessments
    WHERE mention_id = ANY(:ids) AND sentiment = :sentiment AND NOT 'spam' = ANY(intents)
    ORDER BY abs(sentiment_score) * confidence DESC, mention_id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Felt:
    """What one post feels, and how sure that is."""

    mention: int
    sentiment: Sentiment
    score: float
    confidence: float


def count(connection: Connection, ids: Sequence[int]) -> tuple[int, int]:
    """How many of these posts are negative, and how many positive."""
    row = connection.execute(_COUNT, {"ids": list(ids)}).one()
    return row.negative, row.positive


def strongest(connection: Connection, ids: Sequence[int], limit: int) -> list[Felt]:
    """Those that feel the most, at most so many of either kind. Spam is nobody's voice."""
    return [
        Felt(row.mention_id, Sentiment(row.sentiment), row.sentiment_score, row.confidence)
        for kind in (Sentiment.NEGATIVE, Sentiment.POSITIVE)
        for row in connection.execute(_STRONGEST, {"ids": list(ids), "sentiment": kind.value, "limit": limit})
    ]
