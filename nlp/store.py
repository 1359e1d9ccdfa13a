"""The assessments table: what nlp found, kept for triage, the console and training."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Assessment
from leitstand.rows import Rows
from leitstand.statements import Statement

_COLUMNS: Final = {
    "language": "text",
    "sentiment": "text",
    "sentiment_score": "real",
    "urgency": "smallint",
    "intents": "text[]",
    "needs_reply": "boolean",
    "reasons": "jsonb",
    "model": "text",
    "confidence": "real",
}
_VALUES: Final = attrgetter(*_COLUMNS)
_ROWS: Final = Rows({"mention_id": "bigint", **_COLUMNS})
_INSERT = Statement(
    f"INSERT INTO assessments (assessed_at, {_ROWS.names}) SELECT :now, {_ROWS.selected} FROM {_ROWS.source}"  # noqa: S608
    " ON CONFLICT (mention_id) DO NOTHING"
)
_RENEW = Statement(
    f"UPDATE assessments a SET assessed_at = :now, {', '.join(f'{name} = r.{name}' for name in _COLUMNS)}"  # noqa: S608
    f" FROM (SELECT {_ROWS.selected} FROM {_ROWS.source}) AS r WHERE a.mention_id = r.mention_id"
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


def store(connection: Connection, rows: Sequence[tuple[int, Assessment]], now: datetime) -> None:
    """Keep the assessments of mentions by id. A mention's first one stays: doing it twice changes nothing."""
    if rows:
        _INSERT.run(connection, {"now": now, **_parameters(rows)})


def renew(connection: Connection, rows: Sequence[tuple[int, Assessment]], now: datetime) -> None:
    """Give mentions that have been edited the assessment of their new words."""
    _RENEW.run(connection, {"now": now, **_parameters(rows)})


def load(connection: Connection, mention_ids: Sequence[int]) -> dict[int, Assessment]:
    """The stored assessments of mentions by id; ids without one are left out."""
    rows = connection.execute(_SELECT, {"ids": list(mention_ids)})
    return {
        mention_id: msgspec.convert(dict(zip(_COLUMNS, values, strict=True)), Assessment, strict=False)
        for mention_id, *values in rows
    }


def forget(connection: Connection, mention_ids: Sequence[int]) -> None:
    """Take the reasons, which quote the words, out of the assessments of erased mentions."""
    connection.execute(_FORGET, {"ids": list(mention_ids)})


def remove(connection: Connection, mention_ids: Sequence[int]) -> None:
    """Delete what was found in mentions that are no longer kept, and what people said of it."""
    for statement in _REMOVE:
        connection.execute(statement, {"ids": list(mention_ids)})


def _parameters(rows: Sequence[tuple[int, Assessment]]) -> dict[str, str]:
    return _ROWS.parameters((number, *_VALUES(one)) for number, one in rows)
