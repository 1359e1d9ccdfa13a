"""Articles, and the words of solved cases.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"

TRIAGE = """
-- Words are indexed as German and as English: a text need not say which it is, and a query finds it by either.
CREATE TABLE articles (
  path text PRIMARY KEY,
  title text NOT NULL,
  tags text[] NOT NULL,
  url text NOT NULL,
  text text NOT NULL,
  updated_at timestamptz NOT NULL,
  words tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('german'::regconfig, title), 'A') || setweight(to_tsvector('english'::regconfig, title), 'A') ||
    to_tsvector('german'::regconfig, text) || to_tsvector('english'::regconfig, text)) STORED
);
CREATE INDEX articles_words ON articles USING gin (words);
CREATE INDEX cases_words ON cases USING gin (
  (to_tsvector('german'::regconfig, title || ' ' || text) || to_tsvector('english'::regconfig, title || ' ' || text))
) WHERE state IN ('resolved', 'closed');
"""


def upgrade() -> None:
    op.execute(TRIAGE)


def downgrade() -> None:
    op.execute("DROP INDEX cases_words; DROP TABLE articles")
