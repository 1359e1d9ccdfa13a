"""Targets: how much they may be told now, the wait they asked for themselves, and what they are to remove again.

Revision ID: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0018"

UP = """
-- Written with each claim: room on its page keeps that to the page.
CREATE TABLE target_rates (
  target text PRIMARY KEY,
  tokens double precision NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE target_status ADD COLUMN asked_until timestamptz;
-- The delivery whose message this one takes back.
ALTER TABLE deliveries ADD COLUMN withdraws bigint NOT NULL DEFAULT 0;
-- A page that an incident let go of without telling it was left as if it were still held back.
UPDATE held_pages h SET released_at = i.closed_at FROM incidents i
  WHERE i.number = h.incident AND i.state = 'closed' AND h.released_at IS NULL;
"""
DOWN = """
DELETE FROM deliveries WHERE type = 'case.forgotten';
ALTER TABLE deliveries DROP COLUMN withdraws;
ALTER TABLE target_status DROP COLUMN asked_until;
DROP TABLE target_rates;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
