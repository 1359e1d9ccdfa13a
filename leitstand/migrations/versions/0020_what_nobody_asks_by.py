"""PostgreSQL need not know what is in documents, nor in what people wrote: nobody asks by it.

To know what is usual in a column it reads thirty thousand rows, again whenever a table has grown by a tenth, and sorts
what it finds: half of that time went into documents. For `cases_words` it took each solved case's words apart.

Revision ID: 0020
"""

from alembic import op

revision = "0020"
down_revision = "0019"

COLUMNS = {
    "mentions": ("title", "text"),
    "assessments": ("reasons",),
    "cases": ("title", "text", "reasons", "sla"),
    "case_events": ("text", "data"),
    "case_risks": ("reasons",),
    "sla_clocks": ("warnings_left", "history"),
    "escalation_runs": ("snapshot",),
    "deliveries": ("snapshot", "letter"),
}


def _look(at: str) -> None:
    for table, columns in COLUMNS.items():
        changes = ", ".join(f"ALTER COLUMN {column} SET STATISTICS {at}" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
    op.execute(f"ALTER INDEX cases_words ALTER COLUMN 1 SET STATISTICS {at}")


def upgrade() -> None:
    _look("0")


def downgrade() -> None:
    _look("-1")  # as every column has it; DEFAULT is a word of newer versions than 15
