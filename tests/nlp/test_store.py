"""Assessments in the database: stored once, read back whole."""

from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, text

from leitstand.model import Assessment, Intent, Reason, Sentiment, Urgency
from nlp.store import load, store

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
FIRST = Assessment(
    "de", Sentiment.NEGATIVE, -0.5, Urgency.HIGH, (Intent.COMPLAINT, Intent.OUTAGE), True,
    (
        Reason("urgency", 'geht "nicht", ä 😡', 3, 9, 2.0), Reason("sentiment", "x", 0, 1, -1.5, "title"),
        Reason("outage", "y", 0, 1, 0.4, "text", learned=True),
    ), "lexicon-1",
)  # fmt: skip
SECOND = Assessment("unknown", Sentiment.UNKNOWN, 0.0, Urgency.NONE, (Intent.CHATTER,), False, (), "lexicon-1")


def add_mentions(connection: Connection, count: int) -> list[int]:
    rows = connection.execute(
        text(
            "INSERT INTO mentions (channel, external_id, listener, watchlists, own, url, title, text, language, kind,"
            " author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)"
            " SELECT 'x', n::text, 'l', '{}', false, '', '', '', '', 'post', '', '', '', '', '', '{}', 0, :now, :now"
            " FROM generate_series(1, :count) n RETURNING id"
        ),
        {"now": NOW, "count": count},
    )
    return [row.id for row in rows]


def test_what_is_stored_is_read_back(database: Engine) -> None:
    with database.begin() as connection:
        first, second, without = add_mentions(connection, 3)
        store(connection, [(first, FIRST), (second, SECOND)], NOW)
        assert load(connection, [first, second, without]) == {first: FIRST, second: SECOND}
        assert load(connection, []) == {}


def test_storing_twice_changes_nothing(database: Engine) -> None:
    with database.begin() as connection:
        (only,) = add_mentions(connection, 1)
        store(connection, [(only, FIRST)], NOW)
        store(connection, [(only, SECOND)], NOW)
        store(connection, [], NOW)
        assert load(connection, [only]) == {only: FIRST}
        row = connection.execute(text("SELECT assessed_at, intents FROM assessments")).one()
        assert (row.assessed_at, row.intents) == (NOW, ["complaint", "outage"])
