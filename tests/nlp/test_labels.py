"""What people correct is kept, completed and read back for training."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from leitstand.model import Intent, Sentiment, Urgency
from nlp.labels import Label, correct, corrected

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def add_mention(connection: Connection, words: str) -> int:
    row = connection.execute(
        text(
            "INSERT INTO mentions (channel, external_id, listener, watchlists, own, url, title, text, language, kind,"
            " author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)"
            " VALUES ('x', :words, 'l', '{}', false, '', 'A title', :words, 'de', 'post', '', '', '', '', '', '{}', 0,"
            " :now, :now) RETURNING id"
        ),
        {"words": words, "now": NOW},
    )
    return int(row.scalar_one())


def test_a_correction_is_completed_by_the_next_and_read_back(database: Engine) -> None:
    with database.begin() as connection:
        first, second = add_mention(connection, "kaputt"), add_mention(connection, "danke")
        add_mention(connection, "not labelled")
        correct(connection, first, Label(sentiment=Sentiment.NEUTRAL, urgency=Urgency.HIGH), "ada", NOW)
        correct(connection, second, Label(intents=(Intent.PRAISE,), needs_reply=False), "ada", NOW)
        correct(connection, first, Label(sentiment=Sentiment.NEGATIVE), "ben", NOW + timedelta(hours=1))
        found = corrected(connection)
    assert [(post.text, post.title, post.language) for post in found] == [
        ("kaputt", "A title", "de"), ("danke", "A title", "de")
    ]  # fmt: skip
    assert found[0].label == Label(sentiment=Sentiment.NEGATIVE, urgency=Urgency.HIGH)
    assert found[1].label == Label(intents=(Intent.PRAISE,), needs_reply=False)
