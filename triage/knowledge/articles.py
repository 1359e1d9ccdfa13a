"""Articles: Markdown files in a folder, kept in the database so that every host finds them.

A file may begin with a head of `key: value` lines between two lines of `---`; `title`, `tags` (commas between) and
`url` (its public address) are read. Without a title its first heading is the title.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, text

from leitstand.errors import InputError

LONGEST = 200_000
_HEAD = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)
_TITLE = re.compile(r"^#\s+(.+)$", re.MULTILINE)
_KEEP = text("""
    INSERT INTO articles (path, title, tags, url, text, updated_at)
    SELECT path, title, tags, url, text, :now FROM jsonb_to_recordset(CAST(:rows AS jsonb))
      AS r(path text, title text, tags text[], url text, text text)
    ON CONFLICT (path) DO UPDATE SET title = excluded.title, tags = excluded.tags, url = excluded.url,
      text = excluded.text, updated_at = excluded.updated_at
    WHERE (articles.title, articles.tags, articles.url, articles.text)
      IS DISTINCT FROM (excluded.title, excluded.tags, excluded.url, excluded.text)
""")
_DROP = text("DELETE FROM articles WHERE NOT (path = ANY(:paths))")


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `path` is relative to the folder."""

    path: str
    title: str
    text: str
    tags: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a folder holds, and what is wrong with the files that were left out."""

    articles: tuple[Article, ...] = ()
    problems: tuple[str, ...] = field(default=())


def parse(path: str, written: str) -> Article:
    """One file's article. Raises InputError for a head that cannot be read and for an article without a title."""
    head = _HEAD.match(written)
    known = _fields(head.group(1)) if head else {}
    body = written[head.end() :] if head else written
    heading = _TITLE.search(body)
    title = known.get("title") or (heading.group(1).strip() if heading else "")
    if not title:
        raise InputError("has no title: write `# Title` on its first line, or `title:` in its head", path)
    tags = tuple(tag for part in known.get("tags", "").split(",") if (tag := part.strip()))
    return Article(path, title, body.strip(), tags, known.get("url", ""))


def _fields(head: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            raise InputError(f"the line {line[:40]!r} of its head is no `key: value`")
        found[key.strip().lower()] = value.strip().strip("\"'")
    return found


def read(folder: Path) -> Shelf:
    """Every .md file of a folder and of those in it; one that cannot be read is named and left out."""
    articles: list[Article] = []
    problems: list[str] = []
    for file in sorted(folder.rglob("*.md")):
        path = file.relative_to(folder).as_posix()
        try:
            if file.stat().st_size > LONGEST:
                raise InputError(f"is longer than {LONGEST:,} characters", path)
            articles.append(parse(path, file.read_text(encoding="utf-8").replace("\0", "")))
        except (InputError, OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: {error}")
    return Shelf(tuple(articles), tuple(problems))


def keep(connection: Connection, articles: Sequence[Article], now: datetime) -> tuple[int, int]:
    """Make the table say what the folder says; how many are new or changed, and how many are gone."""
    gone = connection.execute(_DROP, {"paths": [article.path for article in articles]}).rowcount
    rows = msgspec.json.encode(articles).decode()
    return connection.execute(_KEEP, {"rows": rows, "now": now}).rowcount, gone
