"""Full-text search over solved cases and articles, German and English at once; and what is most like an open case.

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
_SEARCH_CASES = text(_CASES.format(words=_OF_CASE, query=_ASKED))
_SEARCH_ARTICLES = text(_ARTICLES.format(query=_ASKED))
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
class Found:
    """What is known already."""

    cases: tuple[SolvedCase, ...] = ()
    articles: tuple[FittingArticle, ...] = ()


def search(connection: Connection, words: str, limit: int = 10) -> Found:
    """What has all the words; `"a phrase"`, `or` and `-not` work as in a web search."""
    asked = {"words": words.replace("\0", "")[:500], "limit": limit, "but": 0}
    return _found(
        connection.execute(_SEARCH_CASES, asked).mappings(), connection.execute(_SEARCH_ARTICLES, asked).mappings()
    )


def like_case(connection: Connection, number: int, limit: int = 5) -> Found:
    """The solved cases and the articles that are most like a case; nothing for a case that is not there."""
    query = connection.scalar(_TELLING, {"number": number, "many": MANY, "most": MOST_WORDS})
    if not query:
        return Found()
    asked = {"query": query, "limit": limit, "but": number}
    return _found(
        connection.execute(_LIKE_CASES, asked).mappings(), connection.execute(_LIKE_ARTICLES, asked).mappings()
    )


def _found(cases: Iterable[RowMapping], articles: Iterable[RowMapping]) -> Found:
    return Found(
        tuple(SolvedCase(**{**row, "tags": tuple(row["tags"])}) for row in cases),
        tuple(FittingArticle(**{**row, "tags": tuple(row["tags"])}) for row in articles),
    )
