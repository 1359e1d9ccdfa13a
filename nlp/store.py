"""The assessments table: what nlp found, kept for triage, the console and training."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Assessment
from leitstand.statements import Statement

# As one document: an array a column takes twice as long to write out.
_INSERT = Statement(
    "INSERT INTO assessments (mention_id, language, sentiment, sentiment_score, urgency, intents, needs_reply, reasons,"
    " model, confidence, assessed_at)"
    " SELECT mention_id, language, sentiment, sentiment_score, urgency, intents, needs_reply, reasons, model,"
    " confidence, :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (mention_id bigint, language text, sentiment text,"
    " sentiment_score real, urgency smallint, intents text[], needs_reply boolean, reasons jsonb, model text,"
    " confidence real) ON CONFLICT (mention_id) DO NOTHING"
)
_RENEW = text(
    "UPDATE assessments a SET language = r.language, sentiment = r.sentiment, sentiment_score = r.sentiment_score,"
    " urgency = r.urgency, intents = r.intents, needs_reply = r.needs_reply, reasons = r.reasons, model = r.model,"
    " confidence = r.confidence, assessed_at = :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (mention_id bigint, language text, sentiment text,"
    " sentiment_score real, urgency smallint, intents text[], needs_reply boolean, reasons jsonb, model text,"
    " confidence real) WHERE a.mention_id = r.mention_id"
)
_SELECT = text(
    "SELECT mention_id, language, sentiment, sentiment_score, urgency, intents, needs_reply, reasons, model, confidence"
    " FROM assessments WHERE mention_id = ANY(:ids)"
)
_FORGET = text("UPDATE assessments SET reasons = '[]' WHERE mention_id = ANY(:ids)")
_REMOVE = (
    text("DELETE FROM assessments WHERE mention_id = ANY(:ids)"),
    text("DELETE FROM labels WHERE mention_id = ANY(:ids)"),
)
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
    if rows:
        _INSERT.run(connection, {"now": now, "rows": _document(rows)})


def renew(connection: Connection, rows: Sequence[tuple[int, Assessment]], now: datetime) -> None:
    """Give mentions that have been edited the assessment of their new words."""
    connection.execute(_RENEW, {"now": now, "rows": _document(rows)})


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


def remove(connection: Connection, mention_ids: Sequence[int]) -> None:
    """Delete what was found in mentions that are no longer kept, and what people said of it."""
    for statement in _REMOVE:
        connection.execute(statement, {"ids": list(mention_ids)})


def _document(rows: Sequence[tuple[int, Assessment]]) -> str:
    found = [{"mention_id": number, **{name: getattr(one, name) for name in _FIELDS}} for number, one in rows]
    return msgspec.json.encode(found).decode()
