"""Stories across networks: which post belongs to which, and the numbers by which their posts find each other.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

UP = """
-- A story has the number of the post it began with. `written_by` is the transaction that placed the post: it tells
-- another one, that began before, what it could not see.
CREATE TABLE story_posts (
  mention_id bigint PRIMARY KEY REFERENCES mentions ON DELETE CASCADE,
  story bigint NOT NULL,
  written_at timestamptz NOT NULL,
  language text NOT NULL,
  why text NOT NULL,
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX story_posts_story ON story_posts (story, written_at);
CREATE INDEX story_posts_written_by ON story_posts (written_by);
-- What makes two posts one story for certain: at most one post holds a key. This index is what keeps stories single.
CREATE TABLE story_keys (
  key bigint PRIMARY KEY,
  mention_id bigint NOT NULL
);
CREATE INDEX story_keys_age ON story_keys USING brin (mention_id);
-- What makes two posts worth comparing. Only ever inserted and aged out, so the order on disk is that of the posts.
CREATE TABLE story_bands (
  band bigint NOT NULL,
  mention_id bigint NOT NULL
);
CREATE INDEX story_bands_band ON story_bands (band, mention_id);
CREATE INDEX story_bands_age ON story_bands USING brin (mention_id);
-- Two stories that a person has told apart.
CREATE TABLE story_splits (
  one bigint NOT NULL,
  other bigint NOT NULL,
  PRIMARY KEY (one, other)
);
CREATE INDEX story_splits_other ON story_splits (other);
ALTER TABLE cases ADD COLUMN merged_into bigint;
"""
DOWN = """
ALTER TABLE cases DROP COLUMN merged_into;
DROP TABLE story_splits, story_bands, story_keys, story_posts;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
