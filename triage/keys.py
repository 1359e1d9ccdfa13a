"""Grouping keys as stored. The unique index on held keys is what keeps cases single; this is its SQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from leitstand.rows import Rows, array
from leitstand.statements import Statement

_TAKEN: Final = Rows({"key": "text", "case_number": "bigint", "last_at": "timestamptz"})
_TOUCHED: Final = Rows({"key": "text", "last_at": "timestamptz"})
_HELD = Statement("SELECT key, case_number, last_at FROM case_keys WHERE held AND key = ANY(CAST(:keys AS text[]))")
_KNOWN = Statement("""
    SELECT true, key, case_number FROM case_keys WHERE held AND key = ANY(CAST(:keys AS text[]))
    UNION ALL
    SELECT false, key, max(case_number) FROM case_keys WHERE NOT held AND key = ANY(CAST(:past AS text[])) GROUP BY key
""")
_MOVE = text("""
    UPDATE case_keys SET case_number = :into WHERE held AND case_number = :number
      AND (CAST(:keys AS text[]) IS NULL OR key = ANY(:keys))
""")
_LOCK = text("SELECT FROM case_keys WHERE held AND key = :key FOR UPDATE")
_RENAME = text("""
    UPDATE case_keys SET key = :after
    WHERE key = :before AND NOT EXISTS (SELECT FROM case_keys WHERE held AND key = :after)
""")
_KEYS_OF = text("SELECT key FROM case_keys WHERE held AND case_number = :number ORDER BY key")
_TAKE = Statement(f"""
    INSERT INTO case_keys ({_TAKEN.names}) SELECT {_TAKEN.selected} FROM {_TAKEN.source} ORDER BY key
    ON CONFLICT (key) WHERE held DO UPDATE SET last_at = greatest(case_keys.last_at, excluded.last_at)
      WHERE case_keys.case_number = excluded.case_number
""")  # noqa: S608  our own column names
_TOUCH = Statement(f"""
    UPDATE case_keys k SET last_at = greatest(k.last_at, r.last_at)
    FROM {_TOUCHED.source} WHERE k.held AND k.key = r.key
""")  # noqa: S608  our own column names
_RELEASE = Statement("UPDATE case_keys SET held = false WHERE held AND key = ANY(CAST(:keys AS text[]))")
_RELEASE_CASES = text("UPDATE case_keys SET held = false WHERE held AND case_number = ANY(:numbers)")
# Whoever takes one of them at the same moment is waited for, in the order in which keys are taken.
_RETAKE = text("""
    WITH own AS (
      SELECT DISTINCT ON (key) id, key, last_at FROM case_keys k WHERE case_number = :number AND NOT held
        AND key <> ALL(CAST(:but AS text[])) AND NOT EXISTS (SELECT FROM case_keys o WHERE o.key = k.key AND o.held)
      ORDER BY key, id DESC
    ), retaken AS (
      INSERT INTO case_keys (key, case_number, last_at) SELECT key, :number, last_at FROM own ORDER BY key
      ON CONFLICT (key) WHERE held DO NOTHING RETURNING key
    ), past AS (
      DELETE FROM case_keys USING own JOIN retaken USING (key) WHERE case_keys.id = own.id
    )
    SELECT (SELECT count(*) FROM own) = (SELECT count(*) FROM retaken)
""")
_FORMER = text("""
    SELECT DISTINCT ON (case_number, key) case_number, key, last_at FROM case_keys
    WHERE NOT held AND case_number = ANY(:numbers) AND key = ANY(:keys) ORDER BY case_number, key, id DESC
""")


def known(connection: Connection, keys: Sequence[str], past: Sequence[str]) -> tuple[set[int], dict[str, int]]:
    """The open cases that hold any of `keys`, and of `past` the last case that once held each and no longer does."""
    found = _KNOWN.rows(connection, {"keys": array(keys), "past": array(past)})
    return {number for held, _, number in found if held}, {key: number for held, key, number in found if not held}


def held(connection: Connection, keys: Sequence[str]) -> list[tuple[str, int, datetime]]:
    """Each held key with its case and the time of its last post."""
    return [(key, number, at) for key, number, at in _HELD.rows(connection, {"keys": array(keys)})]


def take(connection: Connection, taken: Mapping[str, tuple[int, datetime]]) -> bool:
    """Give keys to cases. False if another transaction was faster with one: then nothing of this may be committed.

    They are inserted in their order, so that two transactions wait for each other in one direction only.
    """
    if not taken:
        return True
    rows = [(key, number, at) for key, (number, at) in sorted(taken.items())]
    return _TAKE.run(connection, _TAKEN.parameters(rows)) == len(rows)


def touch(connection: Connection, touched: Mapping[str, datetime]) -> None:
    """Move the time of the last post, of keys whose cases are locked."""
    if touched:
        _TOUCH.run(connection, _TOUCHED.parameters(touched.items()))


def release(connection: Connection, released: Iterable[str]) -> None:
    """Let go of keys whose cases are locked."""
    if wanted := sorted(released):
        _RELEASE.run(connection, {"keys": array(wanted)})


def release_cases(connection: Connection, numbers: Sequence[int]) -> None:
    """Let go of all keys of locked cases that have ended."""
    connection.execute(_RELEASE_CASES, {"numbers": numbers})


def retake(connection: Connection, number: int, but: Collection[str] = ()) -> bool:
    """Give a reopened case its keys back, but for those that a newer case holds, or is about to take.

    False if another transaction was faster with one.
    """
    return bool(connection.scalar(_RETAKE, {"number": number, "but": list(but)}))


def former(
    connection: Connection, numbers: Collection[int], keys: Sequence[str]
) -> dict[int, tuple[tuple[str, datetime], ...]]:
    """Which of `keys` each of these ended cases once held, with the time of the last post: what it would take back."""
    found: dict[int, tuple[tuple[str, datetime], ...]] = {}
    for row in connection.execute(_FORMER, {"numbers": list(numbers), "keys": list(keys)}) if numbers else ():
        found[row.case_number] = (*found.get(row.case_number, ()), (row.key, row.last_at))
    return found


def move(connection: Connection, number: int, into: int, only: Sequence[str] | None = None) -> None:
    """Give a locked case's held keys to another locked case; all, or only those named."""
    connection.execute(_MOVE, {"number": number, "into": into, "keys": None if only is None else list(only)})


def lock(connection: Connection, key: str) -> None:
    """Let nobody else change who holds a key, where somebody does."""
    connection.execute(_LOCK, {"key": key})


def rename(connection: Connection, before: str, after: str) -> None:
    """A key is called otherwise now. Where that name is held already, the old one is let go."""
    connection.execute(_RENAME, {"before": before, "after": after})
    release(connection, [before])


def of_case(connection: Connection, number: int) -> list[str]:
    """The keys that a case holds."""
    return list(connection.scalars(_KEYS_OF, {"number": number}))
