"""What the clocks keep: the deadlines frozen on a case, what a wait is for, reminders after a breach, history.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

UP = """
ALTER TABLE cases
  ADD COLUMN kind text NOT NULL DEFAULT 'post',
  ADD COLUMN tier text NOT NULL DEFAULT '',
  ADD COLUMN sla jsonb NOT NULL DEFAULT '{"name": "", "budgets": []}',
  ADD COLUMN waits_for text NOT NULL DEFAULT '',
  ADD COLUMN review text NOT NULL DEFAULT '';
CREATE INDEX cases_review ON cases (number) WHERE review <> '' AND state IN ('new', 'open', 'waiting');
ALTER TABLE sla_clocks
  ALTER COLUMN fire_at DROP NOT NULL,
  ADD COLUMN history jsonb NOT NULL DEFAULT '[]';
UPDATE sla_clocks SET fire_at = NULL WHERE state <> 'running';
DROP INDEX sla_clocks_fire;
CREATE INDEX sla_clocks_fire ON sla_clocks (fire_at) WHERE fire_at IS NOT NULL;
CREATE INDEX case_events_at ON case_events USING brin (at);
CREATE TABLE case_ratings (
  case_number bigint PRIMARY KEY REFERENCES cases ON DELETE CASCADE,
  score smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
  comment text NOT NULL,
  rated_at timestamptz NOT NULL
);
"""
DOWN = """
DROP TABLE case_ratings;
DROP INDEX case_events_at;
DROP INDEX sla_clocks_fire;
UPDATE sla_clocks SET fire_at = due_at WHERE fire_at IS NULL;
ALTER TABLE sla_clocks ALTER COLUMN fire_at SET NOT NULL, DROP COLUMN history;
CREATE INDEX sla_clocks_fire ON sla_clocks (fire_at) WHERE state = 'running';
ALTER TABLE cases DROP COLUMN kind, DROP COLUMN tier, DROP COLUMN sla, DROP COLUMN waits_for, DROP COLUMN review;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
