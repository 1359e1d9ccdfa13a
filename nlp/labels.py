"""Posts with their true answers: what a site trains on and measures with, from a file or from people's corrections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, text

from leitstand.model import Intent, Sentiment, Urgency

_INSERT = text(
    "INSERT INTO labels (mention_id, sentiment, urgency, intents, needs_reply, author, labelled_at)"
    " VALUES (:mention_id, :sentiment, :urgency, :intents, :needs_reply, :author, :now)"
    " ON CONFLICT (mention_id) DO UPDATE SET sentiment = coalesce(excluded.sentiment, labels.sentiment),"
    " urgency = coalesce(excluded.urgency, labels.urgency), intents = coalesce(excluded.intents, labels.intents),"
    " needs_reply = coalesce(excluded.needs_reply, labels.needs_reply),"
    " author = excluded.author, labelled_at = excluded.labelled_at"
)
_SELECT = text(
    "SELECT m.channel || ':' || m.external_id AS id, m.text, m.title, m.language, l.sentiment, l.urgency, l.intents,"
    " l.needs_reply FROM labels l JOIN mentions m ON m.id = l.mention_id"
    # What was said of other words than those that are there now would teach the wrong thing.
    " WHERE m.edited_at IS NULL OR m.edited_at <= l.labelled_at ORDER BY l.mention_id"
)

_GIVEN = text(
    "SELECT mention_id, sentiment, urgency, intents, needs_reply, author, labelled_at FROM labels"
    " WHERE mention_id = ANY(:ids)"
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says is true of a post. None: not said."""

    sentiment: Sentiment | None = None
    urgency: Urgency | None = None
    intents: tuple[Intent, ...] | None = None
    needs_reply: bool | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A stored label, who said so last, and when."""

    label: Label
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Labelled:
    """A post and its label. `language` is what the file or the network declares."""

    id: str
    text: str
    label: Label
    title: str = ""
    language: str = ""


def correct(connection: Connection, mention_id: int, label: Label, author: str, now: datetime) -> None:
    """Keep what a person says of a stored mention. What he does not say keeps its earlier label."""
    connection.execute(
        _INSERT,
        {
            "mention_id": mention_id,
            "sentiment": label.sentiment,
            "urgency": label.urgency,
            "intents": None if label.intents is None else [intent.value for intent in label.intents],
            "needs_reply": label.needs_reply,
            "author": author,
            "now": now,
        },
    )


def given(connection: Connection, mention_ids: Sequence[int]) -> dict[int, Given]:
    """What people said of these mentions, by id; those that nobody has labelled are left out."""
    return {
        row.mention_id: Given(_label(row), row.author, row.labelled_at)
        for row in connection.execute(_GIVEN, {"ids": list(mention_ids)})
    }


def corrected(connection: Connection) -> Sequence[Labelled]:
    """All mentions that people have labelled, the oldest first."""
    return [
        Labelled(
            row.id,
            row.text,
            _label(row),
            row.title,
            row.language,
        )
        for row in connection.execute(_SELECT)
    ]


def _label(row: Row[tuple[object, ...]]) -> Label:
    return Label(
        None if row.sentiment is None else Sentiment(row.sentiment),
        None if row.urgency is None else Urgency(row.urgency),
        None if row.intents is None else tuple(Intent(intent) for intent in row.intents),
        row.needs_reply,
    )
