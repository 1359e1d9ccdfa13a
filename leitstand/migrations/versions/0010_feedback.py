"""Answers that come back.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
SELECT 1;
"""


def upgrade() -> None:
    op.execute(TABLES)
