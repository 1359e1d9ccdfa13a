"""How much of a table a transaction has read so far: a look that reads what it need not shows, whatever the machine."""

from sqlalchemy import Connection, text

_READ = text("""
    SELECT pg_stat_get_xact_tuples_returned(CAST(:table AS regclass))
      + coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0)
    FROM pg_index WHERE indrelid = CAST(:table AS regclass)
""")


def rows_read(connection: Connection, table: str) -> int:
    """Rows and index entries of the table that this transaction has read."""
    return int(connection.scalar(_READ, {"table": table}) or 0)
