"""Labels that people corrected, and how sure an assessment is.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"

LABELS = """
-- What a person says is true of a mention; NULL: not said. `leitstand train --from-labels` learns from it.
CREATE TABLE labels (
  mention_id bigint PRIMARY KEY REFERENCES mentions ON DELETE CASCADE,
  sentiment text,
  urgency smallint,
  intents text[],
  needs_reply boolean,
  author text NOT NULL,
  labelled_at timestamptz NOT NULL
);
ALTER TABLE assessments ADD COLUMN confidence real NOT NULL DEFAULT 1;
"""


def upgrade() -> None:
    op.execute(LABELS)


def downgrade() -> None:
    op.execute("ALTER TABLE assessments DROP COLUMN confidence; DROP TABLE labels")
