"""Answers that come back: the post that rated a case, and what targets told of what they were sent.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"

UP = """
-- Set where the score came by a post: its words go when the post goes.
ALTER TABLE case_ratings ADD COLUMN mention_id bigint;
CREATE INDEX case_ratings_mention ON case_ratings (mention_id) WHERE mention_id IS NOT NULL;
-- What targets called back: each call counts once, however often it is sent.
CREATE TABLE target_answers (
  target text NOT NULL,
  id text NOT NULL,
  case_number bigint NOT NULL REFERENCES cases ON DELETE CASCADE,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (target, id)
);
CREATE INDEX target_answers_case ON target_answers (case_number);
-- Whoever acknowledges or resolves a case asks for its runs, also for those that are over.
CREATE INDEX escalation_runs_case ON escalation_runs (case_number);
"""
DOWN = """
DROP INDEX escalation_runs_case;
DROP TABLE target_answers;
DROP INDEX case_ratings_mention;
ALTER TABLE case_ratings DROP COLUMN mention_id;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
