"""How much a target may be told now, one figure for all senders, and the wait that it asked for itself.

Revision ID: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0015"

UP = """
-- Written with each claim: room on its page keeps that to the page.
CREATE TABLE target_rates (
  target text PRIMARY KEY,
  tokens double precision NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE target_status ADD COLUMN asked_until timestamptz;
"""
DOWN = """
ALTER TABLE target_status DROP COLUMN asked_until;
DROP TABLE target_rates;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
