"""Digests, rooms and learned risk.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
SELECT 1;
"""


def upgrade() -> None:
    op.execute(TABLES)
