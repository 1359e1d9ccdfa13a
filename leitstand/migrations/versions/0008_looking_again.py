"""What the listeners look at again: edited posts, and posts of open cases that may be gone.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"

UP = """
-- It was assessed before and has been edited since.
ALTER TABLE pending_mentions ADD COLUMN edited boolean NOT NULL DEFAULT false;
-- What the server that the listener hears calls the post, where that is not its external_id.
ALTER TABLE mentions ADD COLUMN ref text NOT NULL DEFAULT '';
-- When a post of an open case was last looked up again.
CREATE TABLE mention_checks (
  mention_id bigint PRIMARY KEY REFERENCES mentions ON DELETE CASCADE,
  checked_at timestamptz NOT NULL
);
"""
DOWN = """
DROP TABLE mention_checks;
ALTER TABLE mentions DROP COLUMN ref;
ALTER TABLE pending_mentions DROP COLUMN edited;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
