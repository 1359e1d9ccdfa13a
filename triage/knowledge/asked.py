"""What people asked lately, for whoever writes the answers: the questions that most posts ask, and their words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

_CASES = text("""
    SELECT number, title, language, mention_count FROM cases
    WHERE opened_at >= :since AND 'question' = ANY(intents) AND merged_into IS NULL
    ORDER BY mention_count DESC, number DESC LIMIT :limit
""")
_WORDS = text("""
    SELECT word, ndoc FROM ts_stat(format($q$
      SELECT to_tsvector(CASE language WHEN 'de' THEN 'german'::regconfig ELSE 'english'::regconfig END, text)
      FROM cases WHERE opened_at >= %L AND 'question' = ANY(intents) AND merged_into IS NULL
    $q$, CAST(:since AS timestamptz)))
    WHERE length(word) > 2 ORDER BY ndoc DESC, word LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Question:
    """A case that asks something. `posts` is how many asked it."""

    number: int
    title: str
    language: str
    posts: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions, those that most posts ask first, and the word stems that most of them have, with how many."""

    questions: tuple[Question, ...]
    words: tuple[tuple[str, int], ...]


def asked(connection: Connection, since: datetime, limit: int = 20) -> Asked:
    """What was asked since then."""
    questions = connection.execute(_CASES, {"since": since, "limit": limit})
    words = connection.execute(_WORDS, {"since": since, "limit": limit})
    return Asked(tuple(Question(*row) for row in questions), tuple((row.word, row.ndoc) for row in words))
