"""Full-text search over solved cases, lessons and articles, German and English at once; what is most like a case.

A search asks for all its words. What is like a case shares some of them, the rarer the better: words that many solved
cases have say little, so the case's own words are ranked by how few have them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

_WORDS = "(to_tsvector('german'::regconfig, {0}) || to_tsvector('english'::regconfig, {0}))"
_OF_CASE = _WORDS.format("title || ' ' || text")
_ASKED = "(websearch_to_tsquery('german'::regconfig, :words) || websearch_to_tsquery('english'::regconfig, :words))"
_CASES = """
    SELECT number, title, team, resolved_at, tags, ts_rank({words}, {query}, 1) AS score FROM cases
    WHERE state IN ('resolved', 'closed') AND {words} @@ {query} AND number <> :but
    ORDER BY score DESC, number DESC LIMIT :limit
"""
_ARTICLES = """
    SELECT path, title, url, tags, ts_rank(words, {query}, 1) AS score FROM articles WHERE words @@ {query}
    ORDER BY score DESC, path LIMIT :limit
"""
_LESSONS = """
    SELECT number, title, case_number, happened, change, by_whom, closed_at, ts_rank(words, {query}, 1) AS score
    FROM escalations WHERE state = 'closed' AND words @@ {query} AND case_number IS DISTINCT FROM :but
    ORDER BY score DESC, number DESC LIMIT :limit
"""
_SEARCH_CASES = text(_CASES.format(words=_OF_CASE, query=_ASKED))
_SEARCH_ARTICLES = text(_ARTICLES.format(query=_ASKED))
_SEARCH_LESSONS = text(_LESSONS.format(query=_ASKED))
# The case's rarest words among the solved ones. What no other case has finds nothing and is left out by itself.
_RAREST = """
    WITH own AS (
      SELECT DISTINCT lexeme FROM cases, unnest({words}) WHERE number = :number AND length(lexeme) BETWEEN 3 AND 60
    ), counted AS (
      SELECT lexeme, (SELECT count(*) FROM (SELECT FROM cases WHERE state IN ('resolved', 'closed')
        AND {words} @@ CAST(quote_literal(lexeme) AS tsquery) LIMIT :many) AS few) AS cases FROM own
    )
    SELECT string_agg(quote_literal(lexeme), ' | ') FROM (
      SELECT lexeme FROM counted WHERE cases < :many ORDER BY cases = 0, cases, lexeme LIMIT :most
    ) AS told
"""
_TELLING = text(_RAREST.format(words=_OF_CASE))
_LIKE_CASES = text(_CASES.format(words=_OF_CASE, query="CAST(:query AS tsquery)"))
_LIKE_ARTICLES = text(_ARTICLES.format(query="CAST(:query AS tsquery)"))
_LIKE_LESSONS = text(_LESSONS.format(query="CAST(:query AS tsquery)"))
MANY, MOST_WORDS = 500, 24


@dataclass(frozen=True, slots=True)
class SolvedCase:
    """A solved case that fits, with its score (higher is nearer)."""

    number: int
    title: str
    team: str
    resolved_at: datetime | None
    tags: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class FittingArticle:
    """An article that fits. `url` is its public address, "" where it has none."""

    path: str
    title: str
    url: str
    tags: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned from an escalation that is over: `change` is what we do from now on, `happened` what was."""

    number: int
    title: str
    case_number: int | None
    happened: str
    change: str
    by_whom: str
    closed_at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What is known already."""

    cases: tuple[SolvedCase, ...] = ()
    articles: tuple[FittingArticle, ...] = ()
    lessons: tuple[Lesson, ...] = ()


def search(connection: Connection, words: str, limit: int = 10) -> Found:
    """What has all the words; `"a phrase"`, `or` and `-not` work as in a web search."""
    asked = {"words": words.replace("\0", "")[:500], "limit": limit, "but": 0}
    return _found(
        *(connection.execute(q, asked).mappings() for q in (_SEARCH_CASES, _SEARCH_ARTICLES, _SEARCH_LESSONS))
    )


def like_case(connection: Connection, number: int, limit: int = 5) -> Found:
    """The solved cases, articles and lessons that are most like a case; nothing for a case that is not there."""
    query = connection.scalar(_TELLING, {"number": number, "many": MANY, "most": MOST_WORDS})
    if not query:
        return Found()
    asked = {"query": query, "limit": limit, "but": number}
    return _found(*(connection.execute(q, asked).mappings() for q in (_LIKE_CASES, _LIKE_ARTICLES, _LIKE_LESSONS)))


def _found(cases: Iterable[RowMapping], articles: Iterable[RowMapping], lessons: Iterable[RowMapping]) -> Found:
    return Found(
        tuple(SolvedCase(**{**row, "tags": tuple(row["tags"])}) for row in cases),
        tuple(FittingArticle(**{**row, "tags": tuple(row["tags"])}) for row in articles),
        tuple(Lesson(**row) for row in lessons),
    )
