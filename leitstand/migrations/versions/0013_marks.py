"""Up to when something was looked for outlives whoever looked.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("CREATE TABLE marks (name text PRIMARY KEY, up_to timestamptz NOT NULL)")
    # The sweep that kept it in its memory had looked up to some seconds before it was stopped.
    op.execute(
        "INSERT INTO marks SELECT 'overtaken', coalesce(max(opened_at), now()) - interval '1 minute' FROM cases"
    )


def downgrade() -> None:
    op.execute("DROP TABLE marks")
