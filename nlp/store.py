"""The assessments table: what nlp found, kept for triage, the console and training."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Assessment

_INSERT = text(
    "INSERT INTO assessments (mention_id, language, sentiment, sentiment_score, urgency, intents, needs_reply, reasons,"
    " model, confidence, assessed_at)"
    " SELECT id, language, sentiment, score, urgency, string_to_array(intents, ','), needs_reply, reasons::jsonb,"
    " model, confidence, :now"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:languages AS text[]), CAST(:sentiments AS text[]),"
    " CAST(:scores AS real[]), CAST(:urgencies AS smallint[]), CAST(:intents AS text[]), CAST(:replies AS boolean[]),"
    " CAST(:reasons AS text[]), CAST(:models AS text[]), CAST(:confidences AS real[]))"
    " AS row (id, language, sentiment, score, urgency, intents, needs_reply, reasons, model, confidence)"
    " ON CONFLICT (mention_id) DO NOTHING"
)
_SELECT = text(
    "SELECT mention_id, language, sentiment, sentiment_score, urgency, intents, needs_reply, reasons, model, confidence"
    " FROM assessments WHERE mention_id = ANY(:ids)"
)
_FORGET = text("UPDATE assessments SET reasons = '[]' WHERE mention_id = ANY(:ids)")
_FIELDS = (
    "language",
    "sentiment",
    "sentiment_score",
    "urgency",
    "intents",
    "needs_reply",
    "reasons",
    "model",
    "confidence",
)


def store(connection: Connection, rows: Sequence[tuple[int, Assessment]], now: datetime) -> None:
    """Keep the assessments of mentions by id. A mention's first one stays: doing it twice changes nothing."""
    if not rows:
        return
    found = [assessment for _, assessment in rows]
    connection.execute(
        _INSERT,
        {
            "now": now,
            "ids": [mention_id for mention_id, _ in rows],
            "languages": [one.language for one in found],
            "sentiments": [one.sentiment.value for one in found],
            "scores": [one.sentiment_score for one in found],
            "urgencies": [int(one.urgency) for one in found],
            "intents": [",".join(intent.value for intent in one.intents) for one in found],
            "replies": [one.needs_reply for one in found],
            "reasons": [msgspec.json.encode(one.reasons).decode() for one in found],
            "models": [one.model for one in found],
            "confidences": [one.confidence for one in found],
        },
    )


def load(connection: Connection, mention_ids: Sequence[int]) -> dict[int, Assessment]:
    """The stored assessments of mentions by id; ids without one are left out."""
    rows = connection.execute(_SELECT, {"ids": list(mention_ids)})
    return {
        mention_id: msgspec.convert(dict(zip(_FIELDS, values, strict=True)), Assessment, strict=False)
        for mention_id, *values in rows
    }


def forget(connection: Connection, mention_ids: Sequence[int]) -> None:
    """Take the reasons, which quote the words, out of the assessments of erased mentions."""
    connection.execute(_FORGET, {"ids": list(mention_ids)})
